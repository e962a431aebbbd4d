"""Settings: one TOML file, each value overridable by COLDWITNESS_<SECTION>__<NAME>.

Secrets come from the environment or from a file named by a `…_file` setting, never from the
TOML file's own text where that can be avoided; `shown()` masks them.
"""

import os
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from coldwitness.config.statistics_table import MONTH_DAY
from coldwitness.domain.alarms import ALARM_RULES, AlarmRule
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.reading import ROLES, split_probe
from coldwitness.domain.shown_address import is_ambiguous, shown_address

ENVIRONMENT_PREFIX = "COLDWITNESS_"
CONFIG_VARIABLE = "COLDWITNESS_CONFIG"
EXAMPLE_FILE = Path(__file__).with_name("settings.example.toml")
"""A commented file with every setting; `config init` writes it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _unambiguous(url: str) -> str:
    if is_ambiguous(url):
        # Another host than the operator's would be asked, by a part of his password as its name.
        raise ValueError("an @ in a name or password of an address is written %40")
    return url


Address = Annotated[str, AfterValidator(_unambiguous)]

ABOUT_LOGGER = frozenset({"box", "courier", "model"})
"""Keys of a logger's entry that are no probe names."""


class FormatRule(_Section):
    """Which wire format a topic filter carries, and what its names mean."""

    topic: str
    """MQTT topic filter, `+` and `#` allowed; the first rule that matches decides."""
    format: str
    courier: str | None = None
    box: str | None = None
    probes: dict[str, str] = Field(default_factory=dict)
    """Upstream measurement name -> probe role, for every logger of this rule."""
    models: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Logger model -> (upstream name -> probe role); wins over `probes`."""
    loggers: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Logger serial -> (upstream name -> probe role, also `box`, `courier`, `model`); wins."""


class MqttSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    client_id: str = "coldwitness-ingest"
    shared_group: str | None = None
    """With a name, workers subscribe as $share/<name>/… and split the load (MQTT 5 brokers)."""
    session_expiry_s: int = Field(7 * 86400, ge=0)
    keepalive_s: int = Field(30, ge=5, le=3600)
    receive_maximum: int = Field(2000, ge=1, le=65535)
    max_payload_bytes: int = Field(4_000_000, ge=1000)


class JournalSettings(_Section):
    directory: Path = Path("coldwitness-data/journal")
    worker: str = Field("w1", pattern="^[a-z0-9]{1,16}$")
    commit_ms: float = Field(5.0, ge=0.0, le=1000.0)
    commit_rows: int = Field(1000, ge=1)
    retention_years: float = Field(5.0, ge=5.0)
    signing_key_file: Path | None = None
    """PEM private key (Ed25519); unset: keys/signing.key under `directory`, made if missing."""
    signing_command: tuple[str, ...] = ()
    """A command that signs what it reads on its standard input (a token, another machine); the
    public key lies where that of `signing_key_file` would (.pub)."""
    origin: str | None = Field(None, pattern=r"^[^\s+]{1,200}$")
    """The name under which witnesses know this journal, as an address without scheme; unset:
    coldwitness/ and the id of its first key. Taken when a worker signs its first head."""
    timestamp_url: Address | None = None
    """A time-stamp authority (RFC 3161) that stamps each hour's newest checkpoint."""
    compare_at: str | None = Field(None, pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """When `serve` holds stores and register against the whole journal each day, UTC; unset: never
    (deploy/systemd has a timer for `doctor --deep`)."""
    minimum_free_mb: float = Field(200.0, ge=0.0)
    """`doctor` warns below this much room on the journal's disk."""


class WitnessSettings(_Section):
    """Somebody outside the operator's power who signs what the journal has signed (C2SP
    tlog-witness)."""

    url: Address
    """Submission prefix: what stands before /add-checkpoint."""
    key: str
    """The witness's key as name+id+base64; answers by other keys are not kept."""


class StoreSettings(_Section):
    telemetry: Literal["embedded", "influx"] = "embedded"
    embedded_file: Path = Path("coldwitness-data/telemetry.sqlite")
    influx_url: Address = "http://127.0.0.1:8086"
    influx_org: str = "coldwitness"
    influx_bucket: str = "coldwitness"
    influx_token: SecretStr | None = None
    influx_token_file: Path | None = None
    influx_batch_rows: int = Field(5000, ge=1)
    register_url: Address = "sqlite:///coldwitness-data/register.sqlite"
    secrets_key_file: Path | None = None
    """By which secrets of others are sealed in the register (64 hexadecimal digits, mode 0600);
    unset: secrets.key beside the journal's signing key, made if missing. Servers of one register
    share it."""
    archive_directory: Path = Path("coldwitness-data/archive")
    backup_directory: Path | None = None
    """Where `coldwitness backup` makes its folders when it is given none, another disk than the
    journal's; `doctor` tries whether it can."""


class HttpSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str | None = None
    """How others reach this server; report addresses in clues and QR codes start with it."""
    certificate_file: Path | None = None
    key_file: Path | None = None
    proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies in front, which speak TLS to the world; what they say of
    who calls (X-Forwarded-For, X-Forwarded-Proto) is believed, and nobody else's word."""
    requests_per_minute: int = Field(1200, ge=1)
    """Of one key, one person, or one address that is neither; who works at the machine before
    anybody signs in is not counted."""
    platform_requests_per_day: int = Field(20_000, ge=1)
    """Of one platform, over all its keys, beside the limit per minute (open data interface)."""


class MetricsSettings(_Section):
    """A door for Prometheus alone, beside `/metrics` of the API: of `ingest`, which has no API, and
    of `serve` without a key."""

    host: str = "127.0.0.1"
    """Whoever reaches it may read how much comes from whom: an address that only Prometheus
    reaches."""
    port: int | None = Field(None, ge=0, le=65535)
    """Unset: there is none. Processes of one machine have one each; 0: a free one."""


class LogSettings(_Section):
    """What is written to stderr, a line each; never anything of a payload."""

    form: Literal["json", "text"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"
    messages: bool = False
    """A line for each step of each message, with one id from the journal to the clue."""
    requests: bool = False
    """A line for each HTTP request, with its id."""


class OpenIdSettings(_Section):
    """A provider at which people sign in who have no password here (OpenID Connect)."""

    issuer: Address
    client_id: str
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    ca_file: Path | None = None
    """The authority of the provider's certificate, where it is none that everybody knows."""
    name_claim: str = "preferred_username"
    """Which of its claims is the name that `coldwitness users add --openid` gave."""
    called: str = "OpenID"
    """What the sign-in page calls it."""
    networks: tuple[str, ...] = ()
    """Loopback, private or reserved networks in which its addresses may lie, where it is a
    provider of one's own network; the open network is always allowed."""


class SignInSettings(_Section):
    """People's sessions and passwords."""

    idle_minutes: int = Field(30, ge=1, le=1440)
    """A session in which nothing was done for so long is over; a page that only listens does
    nothing."""
    longest_hours: float = Field(12.0, gt=0, le=168)
    failures: int = Field(5, ge=1, le=100)
    """Wrong passwords in a row after which a name is locked."""
    lock_minutes: int = Field(15, ge=1, le=1440)
    password_length: int = Field(12, ge=8, le=128)
    """Signs at least."""
    attempts_per_minute: int = Field(20, ge=1)
    """From one address."""


class JudgingSettings(_Section):
    rule_pack: str = "cn-retail-delivery"
    packs_directory: Path | None = None
    default_storage: str | None = None
    """Storage class of a shipment without a manifest; unset: its range is not judged."""
    tick_ms: int = Field(300, ge=20, le=60_000)
    processes: int = Field(2, ge=1, le=2)
    """With 2, `serve` and `import` have half of each large run judged by a process beside them,
    where there are two cores."""


class QuotaSettings(_Section):
    """How many shipments that nobody declared (no manifest, never judged) are judged an hour, the
    others wait; and how many events of such are stored, others stay in the journal alone."""

    courier_shipments_per_hour: int = Field(2000, ge=1)
    logger_shipments_per_hour: int = Field(100, ge=1)
    courier_events_per_hour: int = Field(20_000, ge=1)


class ReportSettings(_Section):
    office: str | None = None
    """The issuing office, printed at the head of every report and sealed with it."""


class StatisticsSettings(_Section):
    """The office's statistics table."""

    report_on: tuple[Annotated[str, Field(pattern=MONTH_DAY)], ...] = ()
    """MM-DD of each report, in place of the shipped days (config/statistics.toml)."""


class FormSettings(_Section):
    """Forms of cases (文书)."""

    directory: Path | None = None
    """Where the office keeps its own: `12.docx` in place of the document of form 12, `12.toml` in
    place of its parts. A form of its own is no longer marked as one to be held against the
    official print."""
    number: str | None = Field(None, max_length=100)
    """How numbers of documents are written, for example `示市监〔{year}〕第{number}号`; {number} is
    a blank where nobody types one. Unset: the whole is a blank."""

    @field_validator("number")
    @classmethod
    def _with_places(cls, text: str | None) -> str | None:
        if text is not None and "{number}" not in text:
            raise ValueError("expected a text with {number}, and {year} if it has the year")
        return text


class MapSettings(_Section):
    """The office's own map under the plan of a way; without a file the plan has none."""

    file: Path | None = None
    """Pictures of a map as MBTiles 1.3 (PNG, JPEG or WebP)."""
    datum: Literal["WGS84", "GCJ02"] = "WGS84"
    """In which its tiles are drawn: maps made in China are mostly GCJ-02."""
    source: str = Field("", max_length=200)
    """Who made it and under which review number; printed below the plan."""


class DepartureSettings(_Section):
    """Of checks before departure."""

    live_minutes: float = Field(5.0, gt=0, le=120)
    """A probe that was silent for longer is not live."""
    precooled_minutes: float = Field(10.0, gt=0, le=120)
    """So long the drug's place has to have been within its limits."""


class WebhookSettings(_Section):
    url: Address
    secret: SecretStr


class SmtpSettings(_Section):
    """The server that takes alarms as mail."""

    host: str
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only for a server on this machine, and never with a user name elsewhere."""
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    """The authority of the server's certificate, where it is none that everybody knows."""


class AlarmPerson(_Section):
    """Somebody who is told of alarms, by mail or by a robot of a chat."""

    name: str = Field(min_length=1, max_length=64)
    email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$")
    webhook: SecretStr | None = None
    """Where alarms are posted to; whoever knows the address of a robot may write in its chat."""
    webhook_file: Path | None = None
    body: str = "plain"
    """What is posted: a file of config/alarm_bodies (plain, dingtalk, wecom, feishu)."""
    secret: SecretStr | None = None
    """By which posts are signed, where the body says how."""
    secret_file: Path | None = None
    language: Literal["zh", "en"] = "zh"
    divisions: tuple[str, ...] = ()
    """Of shipments of these (GB/T 2260) and those below them alone; empty: of all."""
    rules: tuple[AlarmRule, ...] = ALARM_RULES
    quiet: str | None = Field(
        None, pattern="^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"
    )
    """From when to when, Beijing time, nothing is told; it comes afterwards."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.email is not None) + (
            self.webhook is not None or self.webhook_file is not None
        )
        if ways != 1:
            raise ValueError(f"{self.name}: expected email or webhook (webhook_file), one of them")
        return self


class AlarmSettings(_Section):
    """When people are told at once, and from when the live board calls a shipment urgent."""

    minutes_to_limit: float = Field(15.0, ge=0.0, le=240.0)
    """The drug reaches a limit within so many minutes at its present pace."""
    silent_minutes: float = Field(10.0, ge=1.0, le=1440.0)
    """Nothing was heard of a shipment under way for so long."""
    again_minutes: float = Field(30.0, ge=1.0, le=1440.0)
    """What nobody said that he knows of is told again after so long."""
    again_most: int = Field(5, ge=0, le=100)
    """Times at most."""
    smtp: SmtpSettings | None = None
    people: tuple[AlarmPerson, ...] = ()

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        names = [person.name for person in self.people]
        if len(set(names)) != len(names):
            raise ValueError("people: expected each name once")
        if self.smtp is None and any(person.email for person in self.people):
            raise ValueError("smtp: expected, because somebody is told by email")
        return self


class ClueSettings(_Section):
    division: str | None = Field(None, pattern="^[0-9]{2,6}$")
    """This office's own area (GB/T 2260); a clue whose competent office lies elsewhere says that
    it is to be transferred. Unset: none says so."""
    growth_s: float = Field(300.0, ge=0.0, le=86_400.0)
    """An open episode's growth is told at its end and at most this often before."""
    webhook_networks: tuple[str, ...] = ()
    """Loopback, private or reserved networks that a webhook registered over HTTP may point to;
    the open network is always allowed, and so is every webhook of these settings."""


class Settings(BaseSettings):
    """All settings in force. Frozen; unknown keys are refused."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    mqtt: MqttSettings = MqttSettings()
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    http: HttpSettings = HttpSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    sign_in: SignInSettings = SignInSettings()
    openid: OpenIdSettings | None = None
    judging: JudgingSettings = JudgingSettings()
    quota: QuotaSettings = QuotaSettings()
    report: ReportSettings = ReportSettings()
    statistics: StatisticsSettings = StatisticsSettings()
    forms: FormSettings = FormSettings()
    departure: DepartureSettings = DepartureSettings()
    map: MapSettings = MapSettings()
    formats: tuple[FormatRule, ...] = ()

    @field_validator("formats")
    @classmethod
    def _mapped_to_roles(cls, rules: tuple[FormatRule, ...]) -> tuple[FormatRule, ...]:
        """A name mapped to a role that does not exist would take its probe out of judgement
        without a word."""
        for rule in rules:
            for place, mapping in (
                ("probes", rule.probes),
                *((f"models.{name}", mapping) for name, mapping in rule.models.items()),
                *((f"loggers.{name}", mapping) for name, mapping in rule.loggers.items()),
            ):
                about = ABOUT_LOGGER if place.startswith("loggers.") else frozenset()
                for name, role in mapping.items():
                    if name not in about and split_probe(role.partition("@")[0]) is None:
                        raise ValueError(
                            f"{rule.topic}: {place}.{name}: {role!r} is no probe role; expected "
                            f"{', '.join(ROLES)}, a second one as drug.2"
                        )
        return rules

    webhooks: tuple[WebhookSettings, ...] = ()
    witnesses: tuple[WitnessSettings, ...] = ()
    clues: ClueSettings = ClueSettings()
    alarms: AlarmSettings = AlarmSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file (whose content arrives as init arguments)."""
        return env_settings, init_settings

    def shown(self) -> dict[str, object]:
        """Everything in force for `config show` and the page of settings, secrets as `**********`,
        those within an address too."""
        whole = self.model_dump(mode="json")
        return {name: _without_passwords(section) for name, section in whole.items()}


def _without_passwords(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_passwords(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_passwords(inner) for inner in value]
    return shown_address(value) if isinstance(value, str) else value


def load_settings(path: Path | None = None) -> Settings:
    """Settings from `path`, else from $COLDWITNESS_CONFIG, else defaults and environment.

    Raises ConfigError with file, key and what was expected.
    """
    if path is None and os.environ.get(CONFIG_VARIABLE):
        path = Path(os.environ[CONFIG_VARIABLE])
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"settings {path}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"settings {path}: not TOML: {error}") from error
    try:
        return Settings(**values)
    except SettingsError as error:
        # A part of the environment that is no JSON; what stands in it is not told.
        raise ConfigError(f"settings environment: {error}; expected JSON") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        where = str(path) if path is not None else "environment"
        told = first["msg"]
        if first["type"] == "extra_forbidden":
            told = f"no such setting; {_near(first['loc'])}`coldwitness config init` shows them all"
        raise ConfigError(f"settings {where}: {key}: {told}") from error


def _near(place: Sequence[int | str]) -> str:
    """The known key that a mistyped one is most like, where one is."""
    model: type[BaseModel] = Settings
    for part in place[:-1]:
        found = model.model_fields.get(part) if isinstance(part, str) else None
        whole: object = found.annotation if found is not None else model
        inner = next(iter(get_args(whole)), whole)
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ""
        model = inner
    like = get_close_matches(str(place[-1]), model.model_fields, 1)
    return f"did you mean {like[0]}? " if like else ""
