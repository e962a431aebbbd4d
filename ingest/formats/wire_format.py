"""What a wire format declares of itself: registry, guess, routes and tests read it from here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from coldwitness.ingest.formats.decoded import Decoded, Decoder
from coldwitness.ingest.formats.memory import DecoderMemory


@dataclass(frozen=True)
class ByTopic:
    """The topics it is usually published on: `pattern`, a regular expression, matches all of one.

    priority : of two formats that a topic fits, the smaller number is meant.
    """

    priority: int
    pattern: str

    def fits(self, topic: str) -> bool:
        return re.fullmatch(self.pattern, topic) is not None


@dataclass(frozen=True)
class ByJson:
    """What its JSON looks like.

    fits : asked with a message's object, or the first of its array, and whether it came in one.
    priority : the smaller is asked first: the surer look.
    """

    priority: int
    fits: Callable[[dict[str, Any], bool], object]


@dataclass(frozen=True)
class ByBytes:
    """What its messages that are no JSON look like. priority : the smaller is asked first."""

    priority: int
    fits: Callable[[bytes], object]


@dataclass(frozen=True)
class Births:
    """Messages that name what later ones only number, told by their topics.

    is_birth : True for a topic whose messages later ones need.
    node : who is born: births name the metrics of what follows under the same node. None for a
        topic that is nobody's.
    """

    is_birth: Callable[[str], bool]
    node: Callable[[str], str | None]


@dataclass(frozen=True)
class WireFormat:
    """One wire format. Its module has its name and holds it as `FORMAT`.

    decode : payload and DecodeContext in, Decoded out; one with `births` takes `memory` too.
    usual_topics, looks : how it is told where nobody named it.
    samples : (topic, payload) of messages as its makers send them, the first on a usual topic.
        Tests read them, and hurt them.
    namespace_level : the topic's level that names what its senders' names are unique within (an
        application); None where they are unique by themselves.
    written_as : texts its bytes may be handed over as by hand; none for formats that are text.
    """

    name: str
    decode: Callable[..., Decoded]
    usual_topics: ByTopic
    samples: tuple[tuple[str, bytes], ...]
    looks: tuple[ByJson | ByBytes, ...] = ()
    namespace_level: int | None = None
    written_as: tuple[Literal["hex", "base64"], ...] = ()
    births: Births | None = None

    def decoder(self, memory: DecoderMemory) -> Decoder:
        """Its decoder, remembering in `memory` what it has to."""
        return partial(self.decode, memory=memory) if self.births is not None else self.decode
