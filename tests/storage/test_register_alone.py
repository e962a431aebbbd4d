"""What one process at a time may do, on a register that several share."""

import threading
from contextlib import closing

from coldwitness.storage.register import open_register


def test_of_two_processes_one_is_in_for_the_same_and_both_for_different_things(
    postgres_url: str,
) -> None:
    with closing(open_register(postgres_url)) as one, closing(open_register(postgres_url)) as two:
        order: list[str] = []

        def other() -> None:
            with two.alone("shipment ZB-1"):
                order.append("the other")

        waiting = threading.Thread(target=other)
        with one.alone("shipment ZB-1"):
            with two.alone("shipment ZB-2"):
                order.append("another thing")
            waiting.start()
            waiting.join(0.3)
            one.waiting.leave(["ZB-1"])  # transactions come and go inside
            order.append("the first")
        waiting.join(10)
    assert order == ["another thing", "the first", "the other"]
