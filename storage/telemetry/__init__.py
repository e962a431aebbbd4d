"""Readings, by shipment: the embedded SQLite store and InfluxDB behind one port."""
