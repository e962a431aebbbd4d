"""A signal ends a process whichever thread takes it, and whatever the main one waits for."""

import signal
import subprocess
import sys

import pytest

WAITS = """
import signal, threading, time
from coldwitness.cli.waiting import ending

threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
# From here on only that thread can take them.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
with ending(threading.Event()) as end:
    print("waiting", flush=True)
    end.wait()
print("ended in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_another_thread_takes_ends_the_wait_of_the_main_one(number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(number)
        assert process.communicate(timeout=60)[0] == "ended in order\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
