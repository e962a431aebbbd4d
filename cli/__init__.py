"""The commands; `running` is the one place that wires the parts of a server together."""
