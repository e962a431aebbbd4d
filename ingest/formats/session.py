"""What stateful formats remember between messages; the service keeps one and passes it in."""

from dataclasses import dataclass, field


@dataclass
class DecoderSession:
    """Names that Sparkplug B births gave to aliases, by (group, edge node[, device]).

    Lost with the process: until a node's next birth its DATA messages that carry only
    aliases cannot be named and are refused, never guessed.
    """

    aliases: dict[tuple[str, ...], dict[int, tuple[str, int]]] = field(default_factory=dict)
