"""A pre-built stream of native readings, written to a broker as raw MQTT 3.1.1 packets.

So cheap to send that the publisher is never what is measured: packets are built beforehand,
PUBACKs are only counted, and a bounded window of them may be outstanding.
"""

import json
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator

TOPICS = 1000
PAYLOAD_BYTES = 200
WINDOW = 4000
START_MS = 1_717_243_200_000
_CHUNK = 100


def payload(number: int) -> bytes:
    """A native reading of exactly 200 bytes."""
    box, seq = number % TOPICS, number // TOPICS
    text = json.dumps(
        {
            "shipment": f"ZB-{box:04d}",
            "logger": f"LG-{box:04d}",
            "seq": seq,
            "time": START_MS + seq * 10_000,
            "temperature": {"drug": 4.5, "coolant": 1.25, "ambient": 27.75},
            "position": {"lat": 36.812345, "lon": 118.012345},
        },
        separators=(",", ":"),
    )
    return text[:-1].ljust(PAYLOAD_BYTES - 1).encode() + b"}"


def topic(number: int) -> str:
    return f"coldchain/v1/ql-express/BX-{number % TOPICS:04d}/readings"


def message(number: int) -> tuple[str, bytes]:
    return topic(number), payload(number)


def chunks(
    count: int, message_of: Callable[[int], tuple[str, bytes]]
) -> Iterator[tuple[bytes, int]]:
    """PUBLISH packets of QoS 1, many at a time, with their number."""
    for first in range(0, count, _CHUNK):
        packets = []
        last = min(count, first + _CHUNK)
        for number in range(first, last):
            named, said = message_of(number)
            name = named.encode()
            packet_id = number % 65_535 + 1
            body = len(name).to_bytes(2, "big") + name + packet_id.to_bytes(2, "big")
            body += said
            packets.append(b"\x32" + _length(len(body)) + body)
        yield b"".join(packets), last - first


def publish(
    port: int, count: int, message_of: Callable[[int], tuple[str, bytes]] = message
) -> None:
    """Publish the messages of the numbers from 0 on, and return when all were acknowledged."""
    stream = list(chunks(count, message_of))
    print("ready", flush=True)
    sys.stdin.readline()
    name = f"bench-{os.getpid()}".encode()
    connect = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"\x10" + _length(len(connect)) + connect)
        if connection.recv(4)[3] != 0:
            sys.exit("the broker refuses the publisher")
        sent = received = 0  # messages sent; bytes of PUBACKs (4 each) received
        for packets, number in stream:
            while sent - received // 4 > WINDOW:
                received += len(connection.recv(65_536))
            while select.select([connection], [], [], 0)[0]:
                received += len(connection.recv(65_536))
            connection.sendall(packets)
            sent += number
        while received // 4 < count:
            received += len(connection.recv(65_536))
        connection.sendall(b"\xe0\x00")
    print("published", flush=True)


def _length(value: int) -> bytes:
    encoded = bytearray()
    while True:
        value, digit = divmod(value, 128)
        encoded.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(encoded)


if __name__ == "__main__":
    publish(int(sys.argv[1]), int(sys.argv[2]))
