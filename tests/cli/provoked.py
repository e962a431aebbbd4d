"""Failures of commands with secrets in their settings, provoked in every way that an operator or a
server that he named can bring about."""

import json
import random
import socket
import string
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

PREFIX = "COLDWITNESS_"
_DISTURBING = ("", "/", "@", ":", "%2F", "+", "?x", "#", "&n=1", "'", "汉", "!$", "//", "..")
"""Signs in a password that mean something in an address; left as they are, as people leave them."""


@dataclass(frozen=True)
class Provoked:
    """A command that fails. secret : must stand in nothing that it writes. environment : beside the
    test's own. files : written below the folder before. name : its kind, for the count."""

    name: str
    secret: str
    arguments: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


Make = Callable[[random.Random, str, str, int], Provoked]
"""chance, the bare secret, the same among disturbing signs, port of a server that refuses."""


def provoked(count: int, *, seed: int, refusing: int) -> Iterator[Provoked]:
    """So many, of each kind in turn. refusing : port of `refusing_server`."""
    chance = random.Random(seed)
    for number in range(count):
        letters = chance.choices(string.ascii_letters + string.digits, k=14)
        secret = "q7" + "".join(letters)
        password = chance.choice(_DISTURBING) + secret + chance.choice(_DISTURBING)
        yield _KINDS[number % len(_KINDS)](chance, secret, password, refusing)


_COMMANDS = (
    "config show",
    "users list",
    "keys list",
    "db upgrade",
    "export --canonical",
    "rebuild",
    "quarantine list",
    "archive seal",
    "setup influx",
    "backup {}/b",
    "audit verify",
    "report S-1 -o {}/r.json",
    "import {}/none.ndjson",
)
"""Those that fail without waiting. `{}` stands for the test's folder."""


def _unreachable(chance: random.Random, secret: str, password: str, refusing: int) -> Provoked:
    """Every address with a password in it, and a server that closes or answers nonsense."""
    port = chance.choice((1, refusing))
    user = chance.choice(("cw", "u%40x", ""))
    whole = f"{user}:{password}@127.0.0.1:{port}"
    environment = {
        "STORE__TELEMETRY": "influx",
        "STORE__INFLUX_URL": f"http://{whole}",
        "STORE__INFLUX_TOKEN": password,
        "MQTT__USERNAME": "u",
        "MQTT__PASSWORD": password,
        "MQTT__PORT": str(port),
        "JOURNAL__TIMESTAMP_URL": f"http://{whole}/tsa?key={quote(password)}",
        "WITNESSES": json.dumps([{"url": f"http://{whole}", "key": "n+00000000+AA=="}]),
        "WEBHOOKS": json.dumps(
            [{"url": f"https://127.0.0.1:{port}/{_token_path(secret)}", "secret": password}]
        ),
        "OPENID": json.dumps(
            {"issuer": f"https://{whole}", "client_id": "c", "client_secret": password}
        ),
    }
    if chance.random() < 0.5:
        environment["STORE__REGISTER_URL"] = f"postgresql://{whole}/db"
    return Provoked(
        "unreachable", secret, chance.choice(_COMMANDS).split(), environment=environment
    )


def _token_path(secret: str) -> str:
    return f"open-apis/bot/v2/hook/{secret}{secret}"


_BROKEN = (
    '[mqtt]\npassword = "{}',
    "[mqtt]\npassword = {}\n",
    '[mqtt]\npassword = ["{}"]\n',
    '[mqtt]\npassword = {{x = "{}"}}\n',
    '[mqtt]\npasswort = "{}"\n',
    '[mqtt]\npassword = "{}"\npassword = "b"\n',
    '[mqtt]\npassword_file = ["{}"]\n',
    '[mqtt]\nport = "{}"\n',
    '[store]\ninflux_token = "{}"\ntelemetry = "{}"\n',
    '[store]\nregister_url = ["postgresql://u:{}@h/d"]\n',
    '[store]\nregister_url = "nosql://u:{}@h/d"\n',
    '[store]\nregister_url = "u:{}@h/d"\n',
    '[store]\ninflux_url = "ht!tp://u:{}@h:99999/"\ntelemetry = "influx"\n',
    '[[webhooks]]\nurl = "https://h/?token={}"\nsecret = ["{}"]\n',
    '[[webhooks]]\nurl = "https://h/?token={}"\nsecret = "{}"\nnote = "{}"\n',
    '[[webhooks]]\nsecret = "{}"\n',
    '[openid]\nissuer = "https://h"\nclient_id = "c"\nclient_secret = {{v = "{}"}}\n',
    '[alarms.smtp]\nhost = "h"\nsender = "a@b"\nport = "{}"\npassword = "{}"\n',
    '[alarms.smtp]\nhost = "h"\nsender = "{}"\n',
    '[[alarms.people]]\nname = "a"\nwebhook = "https://h/{}"\nsecret = "{}"\nemail = "{}"\n',
    '[[alarms.people]]\nname = "a"\nwebhook = 7\nsecret = "{}"\nquiet = "{}"\n',
    '[journal]\nsigning_command = "{}"\n',
    'secret = "{}"\n',
    "\ufeff\x00{}",
)


def _broken_settings(chance: random.Random, secret: str, password: str, _: int) -> Provoked:
    """A file of settings that cannot be read, at the very place where its secret stands."""
    text = chance.choice(_BROKEN).replace("{{", "\x01").replace("}}", "\x02")
    text = text.replace("{}", secret).replace("\x01", "{").replace("\x02", "}")
    content = text.encode() if chance.random() < 0.9 else text.encode("utf-16")
    words = chance.choice(("config show", "users list", "check {}/cw.toml", "db upgrade"))
    arguments = ["--config", "{}/cw.toml", *words.split()]
    return Provoked("broken settings", secret, arguments, files={"cw.toml": content})


_BROKEN_VALUES = (
    ("WEBHOOKS", '[{"url":"https://u:%s@h","secret":"%s"'),
    ("WEBHOOKS", '[{"url":"https://h/?token=%s","secret":{"a":"%s"}}]'),
    ("WEBHOOKS", "%s"),
    ("WITNESSES", '[{"url":"https://u:%s@h"}]'),
    ("OPENID", '{"client_secret":"%s"'),
    ("OPENID", '{"client_secret":"%s"}'),
    ("ALARMS", '{"people":[{"name":"a","webhook":"https://h/%s"},{}]}'),
    ("ALARMS__PEOPLE", '[{"name":"a","webhook":"https://h/%s"'),
    ("MQTT", '{"password":"%s","port":"x"}'),
    ("MQTT__PASSWORD", '{"a":"%s"}'),
    ("MQTT__PORT", "%s"),
    ("STORE", "%s"),
    ("STORE__TELEMETRY", "%s"),
    ("STORE__REGISTER_URL", "mysql://u:%s@h/d"),
    ("JOURNAL__SIGNING_COMMAND", '["x","%s"'),
    ("HTTP__PORT", "%s"),
)


def _broken_environment(chance: random.Random, secret: str, _: str, __: int) -> Provoked:
    name, text = chance.choice(_BROKEN_VALUES)
    words = chance.choice(("config show", "users list", "db upgrade")).split()
    value = text.replace("%s", secret)
    return Provoked("broken environment", secret, words, environment={name: value})


def _broken_secret_files(chance: random.Random, secret: str, _: str, refusing: int) -> Provoked:
    """Files of secrets that are none: no text, no key, too short, with more than a secret."""
    content = chance.choice(
        (
            secret.encode("utf-16"),
            b"\xff\xfe\x00" + secret.encode() + b"\x80",
            f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n".encode(),
            f"{secret}\nanother line\r\n".encode(),
            (secret + "\x00").encode(),
            secret.encode(),
        )
    )
    environment, words = chance.choice(
        (
            ({"STORE__INFLUX_TOKEN_FILE": "{}/s", "STORE__TELEMETRY": "influx"}, "setup influx"),
            ({"STORE__INFLUX_TOKEN_FILE": "{}/s", "STORE__TELEMETRY": "influx"}, "rebuild"),
            ({"JOURNAL__SIGNING_KEY_FILE": "{}/s"}, "archive seal"),
            ({"JOURNAL__SIGNING_KEY_FILE": "{}/s"}, "journal seal"),
            ({"STORE__SECRETS_KEY_FILE": "{}/s"}, "keys list"),
            ({}, "verify {}/s --key {}/s"),
            ({}, "journal verify --public-key {}/s"),
            ({}, "report --from {}/s --key {}/s -o {}/r.json"),
            ({"JOURNAL__SIGNING_COMMAND": json.dumps(["false", "--pin", secret])}, "journal seal"),
        )
    )
    port = {"STORE__INFLUX_URL": f"http://127.0.0.1:{refusing}"}
    return Provoked(
        "broken secret files",
        secret,
        words.split(),
        environment=port | environment,
        files={"s": content},
    )


_KINDS: tuple[Make, ...] = (
    _unreachable,
    _broken_settings,
    _broken_environment,
    _broken_secret_files,
)


@contextmanager
def refusing_server() -> Iterator[int]:
    """A port at which somebody answers with what he was sent: as an HTTP 401 where that was a
    request, with its head in the body, else as it came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ending = threading.Event()
        listener.settimeout(0.2)
        thread = threading.Thread(target=_refuse, args=(listener, ending), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ending.set()
            thread.join()


def _refuse(listener: socket.socket, ending: threading.Event) -> None:
    while not ending.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(0.5)
            try:
                said = connection.recv(65_536)
                if b" HTTP/1." in said:
                    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\n"
                    said = head + b"Content-Length: %d\r\n\r\n" % len(said) + said
                connection.sendall(said)
            except OSError:
                continue


def written_files(case: Provoked, folder: Path) -> None:
    for name, content in case.files.items():
        (folder / name).write_bytes(content)


def environment_of(case: Provoked, folder: Path) -> dict[str, str]:
    """All stores and journal lie in the folder unless the case says otherwise."""
    own = {
        "JOURNAL__DIRECTORY": f"{folder}/journal",
        "STORE__EMBEDDED_FILE": f"{folder}/telemetry.sqlite",
        "STORE__REGISTER_URL": f"sqlite:///{folder}/register.sqlite",
        "STORE__ARCHIVE_DIRECTORY": f"{folder}/archive",
    }
    return {
        PREFIX + name: value.replace("{}", str(folder))
        for name, value in (own | dict(case.environment)).items()
    }


def arguments_of(case: Provoked, folder: Path) -> list[str]:
    return [word.replace("{}", str(folder)) for word in case.arguments]
