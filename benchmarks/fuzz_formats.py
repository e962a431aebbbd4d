"""A million hostile payloads over every decoder: no error but BadMessage, bounded time and memory.

    python -m benchmarks.fuzz_formats [--count 1000000] [--seed 1]

Ends with 1 and the payload in hex at the first thing a decoder should not have done.
"""

import argparse
import resource
import sys
import time

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import DecodeContext, DecoderMemory, decoder, every_format
from tests.ingest.formats.hostile import payloads

_SLOW_S = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    each = -(-arguments.count // len(every_format()))
    print(f"{'format':<18}{'payloads':>10}{'readings':>10}{'refused':>10}{'µs each':>9}{'MB':>7}")
    for name in every_format():
        memory = DecoderMemory()
        decode = decoder(name, memory)
        readings = refused = 0
        spent_s = slowest_s = 0.0
        for topic, body in payloads(name, each, arguments.seed):
            context = DecodeContext(topic=topic, received_ms=1_795_230_300_000)
            begun = time.process_time()
            try:
                result = decode(body, context)
            except BadMessage:
                refused += 1
            except Exception as error:
                print(f"{name}: {error!r} from topic {topic!r}, payload {body.hex()}")
                return 1
            else:
                readings += len(result.readings)
                refused += len(result.refused)
            took_s = time.process_time() - begun
            spent_s += took_s
            slowest_s = max(slowest_s, took_s)
        if slowest_s > _SLOW_S:
            print(f"{name}: one payload took {slowest_s:.2f} s")
            return 1
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{name:<18}{each:>10}{readings:>10}{refused:>10}{spent_s / each * 1e6:>9.1f}"
            f"{megabytes:>7}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
