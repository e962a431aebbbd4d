"""The register's tables. Times are UTC epoch milliseconds; bodies are JSON.

Migrations in migrations/versions make exactly this; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite gives rowids only to a column declared INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

shipments = Table(
    "shipments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("courier", Text, index=True),
    Column("division", Text, index=True),
    Column("manifest_version", Integer, nullable=False, server_default="0"),
    Column("started_ms", BigInteger, index=True),
    Column("ended_ms", BigInteger),
    Column("verdict", Text, index=True),
    Column("result_version", Integer, nullable=False, server_default="0"),
    Column("findings", Integer, nullable=False, server_default="0"),
    Column("held", Boolean, nullable=False, server_default="0"),
    Column("state", Text, index=True),
    Column("search", Text),
    Column("min_c", Double),
    Column("max_c", Double),
    Index(None, "verdict", "state"),
    comment="one line a shipment: what the lists show; held: legal hold, never deleted",
)

manifests = Table(
    "manifests",
    metadata,
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("sender", Text),
    Column("received_sha256", Text),
    PrimaryKeyConstraint("shipment", "version"),
)

events = Table(
    "events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("shipment", Text),
    Column("box", Text),
    Column("event", Text, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("generation", Integer, nullable=False, server_default="0"),
    Index(None, "shipment", "time_ms"),
    Index(None, "box", "time_ms"),
)

stays = Table(
    "stays",
    metadata,
    Column("box", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("shipment", Text, nullable=False, index=True),
    PrimaryKeyConstraint("box", "start_ms"),
    comment="derived from events: which box held which shipment when",
)

spans = Table(
    "spans",
    metadata,
    Column("shipment", Text, nullable=False),
    Column("box", Text, nullable=False),
    Column("logger", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("shipment", "box", "logger"),
    comment="derived: where in InfluxDB a shipment's readings are; box '' if none",
)

results = Table(
    "results",
    metadata,
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("judged_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rules", Text),
    Column("digest", Text, nullable=False),
    Column("base_version", Integer),
    Column("body", LargeBinary, nullable=False),
    # The last row of each worker's journal that was read for it, as JSON.
    Column("up_to", Text),
    PrimaryKeyConstraint("shipment", "version"),
    comment="every differing result, deflated, with the body of base_version as dictionary",
)

findings = Table(
    "findings",
    metadata,
    Column("id", Text, nullable=False),
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subtype", Text, nullable=False),
    Column("certainty", Text, nullable=False),
    Column("start_ms", BigInteger),  # 0 where it is not known: listed by time it comes last
    Column("end_ms", BigInteger),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("id", "shipment"),
    Index(None, "shipment"),
    Index(None, "start_ms", "id", "shipment"),
    Index(None, "kind", "start_ms", "id", "shipment"),
    Index(None, "kind", "certainty", "id"),
    Index(None, "kind", "subtype", "shipment"),
    comment="findings of each shipment's current result",
)

reviews = Table(
    "reviews",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False, index=True),
    Column("result_version", Integer, nullable=False),
    Column("officer", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("manifest_version", Integer),
    Column("attachment", Text),
    Column("signed_in", Boolean, nullable=False, server_default="0"),
)

feed = Table(
    "feed",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("last", BigInteger, nullable=False),
    comment="one row; its lock puts clue cursors in the order of their commits",
)

clues = Table(
    "clues",
    metadata,
    Column("id", Text, primary_key=True),
    Column("cursor", BigInteger, nullable=False, unique=True),
    Column("shipment", Text, ForeignKey("shipments.id"), index=True),
    Column("matter", Text, nullable=False),
    Column("kind", Text),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("held", Boolean, nullable=False, index=True),
    Column("open", Boolean, nullable=False),
    Column("notice_on", Text, index=True),
    Column("found", Text, nullable=False),
    Column("noticed", Text, nullable=False),
    comment="what judging found or came in, without what people did (clue_acts); cursor: of the "
    "newest entry; held: it grew since; notice_on: next day a time limit has something to tell",
)

clue_entries = Table(
    "clue_entries",
    metadata,
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    Column("clue", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("change", Text, nullable=False),
    Column("shipment", Text, index=True),
    Column("division", Text),
    Column("courier", Text),
    Column("seller", Text),
    Column("kind", Text),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("clue", "version"),
    Index(None, "division", "cursor"),
    Index(None, "courier", "cursor"),
    Index(None, "seller", "cursor"),
    comment="the feed: each change of a clue once, with the clue as it then stood, deflated",
)

clue_acts = Table(
    "clue_acts",
    metadata,
    Column("clue", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("clue", "number"),
    comment="what people did with a clue, in order; 0: the status of before each was kept",
)

clue_links = Table(
    "clue_links",
    metadata,
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("clue", Text, nullable=False, index=True),
    PrimaryKeyConstraint("kind", "name", "clue"),
    comment="by what clues belong together: courier, seller, box, batch",
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("owed_up_to", BigInteger, nullable=False, server_default="0"),
    Column("earlier_secret", Text),
    Column("earlier_until_ms", BigInteger),
    Column("owner", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("webhook", Text, ForeignKey("webhooks.id"), nullable=False),
    Column("clue", Text, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger),
    Column("error", Text),
    UniqueConstraint("webhook", "cursor"),
    Index(None, "state", "next_try_ms"),
    Index(None, "webhook", "clue", "state", "cursor"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True),
    Column("shipment", Text, index=True),
    Column("address", Text),
    Column("through", Text),
)

office_entries = Table(
    "office_entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("register", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("register", "name", "version"),
    comment="what the office registered; the last version of a name counts, all are kept",
)

mentions = Table(
    "mentions",
    metadata,
    Column("register", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False, index=True),
    PrimaryKeyConstraint("register", "name", "shipment"),
    comment="of which entries of the office's registers each shipment's newest manifest speaks",
)

belongings = Table(
    "belongings",
    metadata,
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False),
    Column("side", Text, nullable=False),
    Column("whose", Text, nullable=False),
    PrimaryKeyConstraint("shipment", "side", "whose"),
    Index(None, "side", "whose", "shipment"),
    comment="divisions of seller, courier and ends, and platforms, of any version of a manifest",
)

courier_seats = Table(
    "courier_seats",
    metadata,
    Column("courier", Text, nullable=False),
    Column("division", Text, nullable=False),
    PrimaryKeyConstraint("courier", "division"),
    comment="derived: of which divisions manifests say that each courier is",
)

client_keys = Table(
    "client_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("granted", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ends_ms", BigInteger),
    comment="keys of API clients by their SHA-256; the keys themselves are kept nowhere",
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("shipment", Text, index=True),
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("raised_ms", BigInteger, nullable=False, index=True),
    Column("settled_ms", BigInteger, index=True),
    Column("acknowledged_ms", BigInteger),
    Column("acknowledged_by", Text),
    Column("rounds", Integer, nullable=False),
    Column("told_ms", BigInteger),
    Index(None, "rule", "subject"),
    comment="what people are told at once; settled: it holds no more",
)

alarm_messages = Table(
    "alarm_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alarm", Text, ForeignKey("alarms.id"), nullable=False, index=True),
    Column("person", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger),
    Column("error", Text),
    Index(None, "state", "next_try_ms"),
    comment="alarms owed to people of the settings, round by round",
)

replied_posts = Table(
    "replied_posts",
    metadata,
    Column("place", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
    comment="first answers by caller, route and Idempotency-Key; no status: it still runs",
)

people = Table(
    "people",
    metadata,
    Column("name", Text, primary_key=True),
    Column("granted", Text, nullable=False),
    Column("password", Text),
    Column("made_ms", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("disabled_ms", BigInteger),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until_ms", BigInteger),
    Column("subject", Text, unique=True, index=True),
    comment="who signs in; password: argon2, none for those who sign in elsewhere",
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text, ForeignKey("people.name"), nullable=False, index=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    comment="open sessions by the SHA-256 of their cookie",
)

attachments = Table(
    "attachments",
    metadata,
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    Column("media_type", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    PrimaryKeyConstraint("shipment", "sha256"),
)

probe_challenges = Table(
    "probe_challenges",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("decision", Text),
    comment="probes that officers had warmed or cooled; no decision: it runs",
)

state = Table(
    "state",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="small facts of views that live elsewhere, such as InfluxDB's current measurement",
)

curves = Table(
    "curves",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False, unique=True),
    Column("keys", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("kept_ms", BigInteger, nullable=False, server_default="0"),
    comment="temperature curves of judged shipments, to find copies of them; keys: int64, packed",
)

curve_keys = Table(
    "curve_keys",
    metadata,
    Column("key", BigInteger, nullable=False),
    Column("curve", BigInteger, nullable=False),
    PrimaryKeyConstraint("key", "curve"),
    sqlite_with_rowid=False,
)

copies = Table(
    "copies",
    metadata,
    Column("shipment", Text, nullable=False),
    Column("other", Text, nullable=False, index=True),
    PrimaryKeyConstraint("shipment", "other"),
    comment="which shipments each shipment's current result names as copies",
)

model_trips = Table(
    "model_trips",
    metadata,
    Column("shipment", Text, ForeignKey("shipments.id"), nullable=False),
    Column("zone", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("rate_per_h", Double, nullable=False),
    Column("low_per_h", Double, nullable=False),
    Column("high_per_h", Double, nullable=False),
    PrimaryKeyConstraint("shipment", "zone"),
    Index(None, "model", "zone", "ended_ms"),
    comment="exchange rates of compliant trips, by which a box model's limit is learned",
)

journalled_results = Table(
    "journalled_results",
    metadata,
    Column("shipment", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    comment="filled by a rebuild: the newest version that the journal names of results to be made",
)

probes_sent = Table(
    "probes_sent",
    metadata,
    Column("box", Text, nullable=False),
    Column("logger", Text, nullable=False),
    Column("probe", Text, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    PrimaryKeyConstraint("logger", "box", "probe"),
    comment="which probes each logger ever sent in each box ('' none), and since when",
)

readings_aside = Table(
    "readings_aside",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("shipment", Text, index=True),
    Column("box", Text, index=True),
    Column("time_ms", BigInteger, nullable=False, index=True),
    Column("received_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    comment="derived: readings that InfluxDB refuses for good; they are read beside its own",
)

to_judge = Table(
    "to_judge",
    metadata,
    Column("shipment", Text, primary_key=True),
    Column("mark", BigInteger, nullable=False),
    Column("share", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text),  # worker and row of the newest one that concerned it
    Index(None, "share", "shipment"),
    comment="shipments that a process which does not judge brought evidence of; mark: of when",
)

judges = Table(
    "judges",
    metadata,
    Column("name", Text, primary_key=True),
    Column("until_ms", BigInteger, nullable=False),
    comment="processes that judge; until when the lease of each runs",
)

judge_shares = Table(
    "judge_shares",
    metadata,
    Column("share", Integer, primary_key=True, autoincrement=False),
    Column("holder", Text),
    Column("turn", BigInteger, nullable=False),
    comment="who judges which part of all shipments; turn: how often it changed hands",
)

live_news = Table(
    "live_news",
    metadata,
    Column("number", RowId, primary_key=True),
    Column("name", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="the newest events of the live stream, from processes that judge to those that answer",
)

on_the_road = Table(
    "on_the_road",
    metadata,
    Column("shipment", Text, primary_key=True),
    Column("heard_ms", BigInteger, nullable=False, index=True),
    Column("to_limit_s", Double, index=True),
    Column("newest", LargeBinary, nullable=False),
    comment="shipments under way with their newest reading; heard_ms: when something new came",
)
