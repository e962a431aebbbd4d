"""What stateful formats remember between messages; the service keeps one and passes it in."""

from dataclasses import dataclass, field

MAX_NODES = 10_000
"""Edge nodes remembered at once; the one born longest ago is forgotten first."""


@dataclass(frozen=True)
class MetricDefinition:
    """What a Sparkplug B birth said of a metric. device None: of the edge node itself."""

    name: str
    datatype: int
    device: str | None
    unit: str | None = None


@dataclass
class NodeDefinitions:
    """Metrics of one edge node and its devices; aliases are unique within the node."""

    by_alias: dict[int, MetricDefinition] = field(default_factory=dict)
    by_name: dict[tuple[str | None, str], MetricDefinition] = field(default_factory=dict)


@dataclass
class DecoderMemory:
    """Sparkplug B births by (group, edge node).

    Lost with the process: until a node's next birth its DATA messages that carry only
    aliases cannot be named and are refused, never guessed.
    """

    nodes: dict[tuple[str, str], NodeDefinitions] = field(default_factory=dict)

    def node(self, group: str, node: str) -> NodeDefinitions:
        """The definitions of a node; an empty one, not kept, if it was never born."""
        return self.nodes.get((group, node)) or NodeDefinitions()

    def born(self, group: str, node: str, device: str | None) -> NodeDefinitions:
        """Forget what a node's birth (device None: and of all its devices) replaces."""
        key = (group, node)
        kept = self.nodes.pop(key, NodeDefinitions())
        if device is None:
            kept = NodeDefinitions()
        else:
            kept.by_alias = {a: d for a, d in kept.by_alias.items() if d.device != device}
            kept.by_name = {n: d for n, d in kept.by_name.items() if d.device != device}
        while len(self.nodes) >= MAX_NODES:
            del self.nodes[next(iter(self.nodes))]
        self.nodes[key] = kept
        return kept
