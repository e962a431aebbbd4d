"""Who may say what at a broker, as files of mosquitto and of nats-server: a courier's loggers
publish under its own id alone, workers read everything and say how they are."""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import bcrypt

WORKER = "coldwitness-ingest"
_FOLDER = Path(__file__).parent
_NATIVE = "coldchain/v1/#"
_DOORS = "# Loggers and workers are told apart"
_ITERATIONS = 20_000

_NATS = """\
# nats-server for ColdWitness: MQTT 3.1.1, kept on disk before it is acknowledged.
# Written by `coldwitness setup broker`; run it again to change couriers.
server_name: coldwitness
listen: "127.0.0.1:4222"
max_payload: 8MB
jetstream {{
  store_dir: "{data}"
  sync_interval: always   # a QoS 1 publish is acknowledged after fsync
}}
mqtt {{
  listen: "{host}:{port}"
  ack_wait: "30s"
  max_ack_pending: 10000
  tls {{
    cert_file: "{folder}/server.crt"
    key_file: "{folder}/server.key"
    ca_file: "{folder}/ca.crt"
    verify: {verify}
  }}
}}
authorization {{
  users: [
{users}
  ]
}}
"""
_NATS_USER = """\
    {{ user: "{name}", password: "{password}", permissions: {{
        publish: {{ allow: [{publish}] }}, subscribe: {{ allow: [{subscribe}] }} }} }}"""


def mosquitto_configuration(
    folder: Path, *, data: Path, host: str, port: int, certificates: bool
) -> str:
    """The configuration we ship with its doors: TLS for everybody else, plain MQTT for this
    machine. certificates : loggers' gateways sign in by a client certificate, whose name counts;
    else by a password."""
    text = (_FOLDER / "mosquitto.conf").read_text(encoding="utf-8")
    limits = text.partition(_DOORS)[0].replace("/var/lib/mosquitto/", f"{data}/")
    door = [
        f"listener {port} {host}",
        f"cafile {folder}/ca.crt",
        f"certfile {folder}/server.crt",
        f"keyfile {folder}/server.key",
        "tls_version tlsv1.2",
    ]
    if certificates:
        door += ["require_certificate true", "use_identity_as_username true"]
    return (
        f"{limits}{_DOORS} and held to their own topics.\n"
        "per_listener_settings false\nallow_anonymous false\n"
        f"password_file {folder}/passwords\nacl_file {folder}/coldwitness.acl\n\n"
        + "\n".join(door)
        + "\n"
    )


def mosquitto_rights(filters: Sequence[str]) -> str:
    """The rights we ship; with the topics of the settings' further formats for the workers."""
    shipped = (_FOLDER / "coldwitness.acl").read_text(encoding="utf-8")
    own = "".join(f"topic read {topic}\n" for topic in filters if not _is_native(topic))
    return f"{shipped}\nuser {WORKER}\n{own}" if own else shipped


def mosquitto_passwords(passwords: Mapping[str, str]) -> str:
    """As mosquitto_passwd writes them: PBKDF2 with SHA-512."""
    return "".join(f"{name}:{_mosquitto_hash(text)}\n" for name, text in passwords.items())


def nats_configuration(
    folder: Path,
    passwords: Mapping[str, str],
    filters: Sequence[str],
    *,
    data: Path,
    host: str,
    port: int,
    certificates: bool,
) -> str:
    """certificates : a client certificate of our authority is asked for beside the password."""
    users = [
        _NATS_USER.format(
            name=name,
            password=bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=10)).decode(),
            publish=_subjects(_worker_says() if name == WORKER else _courier_says(name)),
            subscribe=_subjects(_worker_hears(filters) if name == WORKER else _courier_hears(name))
            + ', "$MQTT.sub.>", "$MQTT.deliver.pubrel.>"',
        )
        for name, password in passwords.items()
    ]
    return _NATS.format(
        data=data,
        host=host,
        port=port,
        folder=folder,
        verify="true" if certificates else "false",
        users="\n".join(users),
    )


def _courier_says(courier: str) -> list[str]:
    return [f"coldchain/v1/{courier}/+/{what}" for what in ("readings", "events")]


def _courier_hears(courier: str) -> list[str]:
    return [f"coldchain/v1/{courier}/_refused/+", "coldchain/v1/_heads/+"]


def _worker_says() -> list[str]:
    return [
        "coldchain/v1/_workers/+/health",
        "coldchain/v1/+/_refused/+",
        "coldchain/v1/_heads/+",
    ]


def _worker_hears(filters: Sequence[str]) -> list[str]:
    return [_NATIVE, *(topic for topic in filters if not _is_native(topic))]


def _is_native(topic: str) -> bool:
    return topic.startswith("coldchain/v1/")


def _subjects(topics: Sequence[str]) -> str:
    """Topic filters as NATS names them; `#` stands for the level above it too."""
    named = []
    for topic in topics:
        subject = topic.replace(".", "//").replace("/", ".").replace("+", "*")
        if subject.endswith(".#"):
            named += [subject[:-2], f"{subject[:-1]}>"]
        else:
            named.append(subject.replace("#", ">"))
    return ", ".join(f'"{subject}"' for subject in named)


def _mosquitto_hash(password: str) -> str:
    salt = secrets.token_bytes(12)
    made = hashlib.pbkdf2_hmac("sha512", password.encode("utf-8"), salt, _ITERATIONS, 64)
    told = (base64.b64encode(part).decode("ascii") for part in (salt, made))
    return f"$7${_ITERATIONS}${'$'.join(told)}"
