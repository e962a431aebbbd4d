"""From a journalled message to readings and events: topic → format → decoder."""

from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage, ConfigError
from coldwitness.domain.identifiers import ID_PATTERN, is_id
from coldwitness.ingest.formats import (
    DecodeContext,
    Decoded,
    Decoder,
    DecoderMemory,
    Refusal,
    WireFormat,
    wire_format,
)
from coldwitness.ingest.formats.drug_names import DrugNames, RememberedDrugNames
from coldwitness.ingest.mqtt.health import is_own
from coldwitness.ingest.mqtt.topics import is_topic_filter, matches
from coldwitness.ingest.sole_namespaces import sole_namespaces
from coldwitness.storage.journal import Row

NATIVE_FILTER = "coldchain/v1/#"
IMPORT_TOPIC = "$import/telemetry"
"""What `coldwitness import` journals under: native objects that name their own box and courier.
No topic filter of a subscription reaches a `$` topic, so no broker brings it."""
_NATIVE_PREFIX = ("coldchain", "v1")
_ROUTES_CACHED = 50_000


@dataclass(frozen=True)
class Route:
    """How messages of one topic are read."""

    decode: Decoder
    format: WireFormat
    rule: FormatRule | None
    courier: str | None
    box: str | None
    sole_namespace: bool


class Routes:
    """Which decoder reads a topic, by the settings' rules in their order, then the native topics.

    drug_names : where the names that are `drug` of loggers without a mapping are kept; None: for
    the life of this object. Stateful formats remember in one memory for as long; feed it rows in
    their order. Raises ConfigError for a rule whose topic filter or format is none.
    """

    def __init__(
        self,
        rules: Sequence[FormatRule] = (),
        *,
        max_payload_bytes: int = 4_000_000,
        drug_names: DrugNames | None = None,
    ):
        self._rules = tuple(rules)
        self._max_payload_bytes = max_payload_bytes
        self._drug_names = drug_names if drug_names is not None else RememberedDrugNames()
        memory = DecoderMemory()
        for rule in self._rules:
            if not is_topic_filter(rule.topic):
                raise ConfigError(f"formats: topic {rule.topic!r} is no MQTT topic filter")
        self._formats = {
            name: wire_format(name) for name in {"native", *(rule.format for rule in self._rules)}
        }
        self._sole = sole_namespaces(self._rules)
        self._decoders = {name: known.decoder(memory) for name, known in self._formats.items()}
        self._routes: dict[str, Route | BadMessage] = {}

    def filters(self) -> list[str]:
        """Topic filters to subscribe."""
        return list(dict.fromkeys([NATIVE_FILTER, *(rule.topic for rule in self._rules)]))

    def decode(self, row: Row) -> Decoded:
        """What a message means; raises BadMessage if nothing of it can be used. Of one that was
        removed what was decoded before.

        A retained message is never a reading: the broker hands it over again at every new
        subscription, days after it was measured. Births in it name metrics all the same, and
        events, which carry their own time and count once, stand.
        """
        if row.removed:
            told = row.removal
            return Decoded() if told is None else Decoded(told.readings, told.events)
        route = self._routes.get(row.topic)
        if route is None:
            route = self._remember(row.topic)
        if isinstance(route, BadMessage):
            raise BadMessage(route.reason, str(route))
        if len(row.payload) > self._max_payload_bytes:
            raise BadMessage(
                "oversized",
                f"payload of {len(row.payload)} bytes; at most {self._max_payload_bytes} are read",
            )
        context = DecodeContext(
            row.topic,
            row.received_ms,
            route.rule,
            route.courier,
            route.box,
            # What the broker kept from earlier may be of an earlier wiring: it fixes no name.
            sole_namespace=route.sole_namespace,
            drug_names=None if row.retain else self._drug_names,
        )
        decoded = route.decode(row.payload, context)
        if row.retain and decoded.readings:
            kept = "retained by the broker from earlier: kept in the journal, never a reading"
            return Decoded(events=decoded.events, refused=(Refusal("retained", kept),))
        return decoded

    @property
    def is_stateful(self) -> bool:
        """True if a rule's format remembers between messages."""
        return any(known.births is not None for known in self._formats.values())

    def is_birth(self, topic: str) -> bool:
        """True for messages that stateful formats need to read later ones."""
        route = self._routes.get(topic) or self._remember(topic)
        births = route.format.births if isinstance(route, Route) else None
        return births is not None and births.is_birth(topic)

    def birth_node(self, topic: str) -> str | None:
        """Who is born by a stateful format's topic: births name the metrics of what follows under
        the same node. None for topics of other formats."""
        route = self._routes.get(topic) or self._remember(topic)
        births = route.format.births if isinstance(route, Route) else None
        return births.node(topic) if births is not None else None

    def courier_of(self, topic: str) -> str | None:
        """Whose topic it is, by its rule or the native topic itself; None where neither says."""
        route = self._routes.get(topic) or self._remember(topic)
        return route.courier if isinstance(route, Route) else None

    def sender_of(self, topic: str) -> str:
        """Whose messages of a topic are stored in their order: its courier's; "" where none is
        known. Births and what they name follow each other, whoever sent them."""
        if self.birth_node(topic) is not None:
            return "/births"
        return self.courier_of(topic) or ""

    def _remember(self, topic: str) -> "Route | BadMessage":
        route: Route | BadMessage
        try:
            route = self._route(topic)
        except BadMessage as error:
            route = error
        if len(self._routes) >= _ROUTES_CACHED:
            self._routes.clear()
        self._routes[topic] = route
        return route

    def _route(self, topic: str) -> Route:
        if is_own(topic):
            raise BadMessage("own_topic", f"topic {topic[:200]!r}: what a worker says, no evidence")
        if topic == IMPORT_TOPIC:
            return self._read_as("native", rule=None, courier=None, box=None)
        for rule in self._rules:
            if matches(rule.topic, topic):
                return self._read_as(rule.format, rule=rule, courier=rule.courier, box=rule.box)
        levels = topic.split("/")
        if tuple(levels[:2]) != _NATIVE_PREFIX:
            raise BadMessage("foreign_topic", f"topic {topic[:200]!r}: no format rule names it")
        if len(levels) != 5 or levels[4] not in ("readings", "events"):
            raise BadMessage(
                "unknown_topic",
                f"topic {topic[:200]!r}: expected coldchain/v1/{{courier}}/{{box}}/readings"
                " or …/events",
            )
        for what, text in (("courier", levels[2]), ("box", levels[3])):
            if not is_id(text):
                raise BadMessage(
                    "bad_id", f"topic: {what} {text[:80]!r}: expected an id matching {ID_PATTERN}"
                )
        return self._read_as("native", rule=None, courier=levels[2], box=levels[3])

    def _read_as(
        self, name: str, *, rule: FormatRule | None, courier: str | None, box: str | None
    ) -> Route:
        sole = rule is not None and rule.topic in self._sole
        return Route(self._decoders[name], self._formats[name], rule, courier, box, sole)
