"""What is usually written to bring MQTT into InfluxDB: a paho callback, json, a Point, write_api.

The yardstick for ingest, not part of the product. It acknowledges before anything is stored,
and the HTTP end it writes to only counts lines, which is kinder than a database.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import paho.mqtt.client as mqtt
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import WriteOptions
from paho.mqtt.enums import CallbackAPIVersion


class Sink(BaseHTTPRequestHandler):
    """Answers 204 to every write and counts its lines."""

    protocol_version = "HTTP/1.1"
    lines = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Sink.lines += body.count(b"\n") + 1
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


def main(port: int, count: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    influx = InfluxDBClient(f"http://127.0.0.1:{server.server_port}", org="o")
    write_api = influx.write_api(WriteOptions(batch_size=1000, flush_interval=500))

    def on_message(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        reading = json.loads(message.payload)
        point = (
            Point("reading")
            .tag("box", message.topic.split("/")[3])
            .tag("logger", reading["logger"])
            .field("seq", reading["seq"])
            .field("lat", reading["position"]["lat"])
            .field("lon", reading["position"]["lon"])
            .time(reading["time"], WritePrecision.MS)
        )
        for probe, value in reading["temperature"].items():
            point.field(probe, value)
        write_api.write("b", "o", point)

    client = mqtt.Client(CallbackAPIVersion.VERSION2, "usual-bridge", clean_session=False)
    client.on_connect = lambda c, *_: c.subscribe("coldchain/v1/#", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    while Sink.lines < count:
        time.sleep(0.01)
    print("stored", flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
