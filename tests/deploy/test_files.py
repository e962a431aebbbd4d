"""What is shipped to run the program by, held against it: settings, commands, files, ports.

Containers and units are not started here: their files are parsed and looked over.
"""

import configparser
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from coldwitness.cli.main import program
from coldwitness.config.settings import Settings, load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTINGS = sorted((DEPLOY / "settings").glob("*.toml"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: its for name, its in SERVICES.items() if its["image"].startswith("coldwitness:")}
KEYS = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "networks",
    "pids_limit",
    "ports",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
}
"""Of a service, those that we use, as the Compose Specification names them."""
SECTIONS = {
    "Unit": "Description After Wants",
    "Service": "Type User Environment EnvironmentFile ExecStart Restart RestartSec TimeoutStopSec"
    " LimitNOFILE StateDirectory StateDirectoryMode ReadWritePaths Nice IOSchedulingClass"
    " NoNewPrivileges CapabilityBoundingSet ProtectSystem ProtectHome PrivateTmp PrivateDevices"
    " ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups"
    " ProtectClock ProtectHostname RestrictAddressFamilies RestrictNamespaces RestrictRealtime"
    " RestrictSUIDSGID LockPersonality SystemCallArchitectures SystemCallFilter UMask",
    "Timer": "OnCalendar RandomizedDelaySec Persistent",
    "Install": "WantedBy",
}
"""Those that we use, as systemd.unit(5), .service(5), .exec(5) and .timer(5) name them."""


def is_command(arguments: list[str]) -> bool:
    """Whether the program has such a command with such options."""
    asked = [*arguments, "--help"]
    return CliRunner().invoke(program(asked), asked).exit_code == 0


def test_a_command_that_is_none_would_be_seen() -> None:
    assert is_command(["ingest", "--worker", "w1"])
    assert not is_command(["ingest", "--workers", "w1"])
    assert not is_command(["judged"])


@pytest.mark.parametrize("file", SETTINGS, ids=lambda file: file.stem)
def test_shipped_settings_are_settings(file: Path) -> None:
    settings = load_settings(file)
    assert settings.metrics.port == 9464
    assert settings.mqtt.tls
    assert settings != Settings()


# Units


def unit(file: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",))
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(file.read_text(encoding="utf-8"))
    return parsed


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_has_known_directives_alone(file: Path) -> None:
    parsed = unit(file)
    for section in parsed.sections():
        assert set(parsed[section]) <= set(SECTIONS[section].split()), file.name
    if file.suffix == ".timer":
        assert file.with_suffix(".service") in UNITS


@pytest.mark.parametrize(
    "file", [file for file in UNITS if file.suffix == ".service"], ids=lambda file: file.name
)
def test_a_unit_runs_a_command_of_ours_as_nobody_in_particular(file: Path) -> None:
    service = unit(file)["Service"]
    binary, *arguments = shlex.split(service["ExecStart"].replace("%i", "w2"))
    assert binary == "/opt/coldwitness/current/bin/coldwitness"
    assert is_command(arguments)
    assert service["User"] == "coldwitness"
    assert service["Environment"] == "COLDWITNESS_CONFIG=/etc/coldwitness/coldwitness.toml"
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")
    assert service["CapabilityBoundingSet"] == ""
    settings = load_settings(DEPLOY / "settings" / "office.toml")
    writable = ["/var/lib/coldwitness", *service.get("ReadWritePaths", "").split()]
    writable = [path.lstrip("-") for path in writable]
    written = [settings.journal.directory, settings.store.embedded_file]
    if arguments[0] == "backup":
        written.append(settings.store.backup_directory or Path())
    for path in written:
        assert any(path.is_relative_to(place) for place in writable), path


# Containerfile


def instructions() -> Iterator[tuple[str, str]]:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, rest.strip()


def test_the_image_is_pinned_and_what_runs_is_not_root() -> None:
    told = list(instructions())
    names = [name for name, _ in told]
    assert set(names) <= {
        "ARG",
        "FROM",
        "COPY",
        "RUN",
        "LABEL",
        "ENV",
        "VOLUME",
        "WORKDIR",
        "USER",
        "EXPOSE",
        "ENTRYPOINT",
        "CMD",
        "HEALTHCHECK",
    }
    (default,) = [rest for name, rest in told if name == "ARG"]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+-[a-z-]+", default)
    assert {rest.split(" AS ")[0] for name, rest in told if name == "FROM"} == {"${PYTHON_IMAGE}"}
    last = len(names) - names[::-1].index("FROM")
    users = [rest for name, rest in told[last:] if name == "USER"]
    assert users == ["10001:10001"]
    after = names[names.index("USER") :]
    assert "RUN" not in after, "nothing is made after the user is named"
    for name, rest in told:
        if name in ("ENTRYPOINT", "CMD", "VOLUME"):
            assert isinstance(json.loads(rest), list), "exec form"
        if name == "RUN":
            assert not re.search(r"curl|wget|sudo|apt|chmod 777|pip install", rest)
        if name == "ENV":
            assert not re.search(r"(?i)password|token|secret", rest)
        if name == "WORKDIR":
            assert rest.startswith("/")
    volumes = json.loads(dict(told)["VOLUME"])
    made = dict(told[last:])["RUN"]
    mounted = {one.split(":")[1] for its in OURS.values() for one in its["volumes"]}
    assert {path for path in mounted if path.startswith("/var/")} == set(volumes)
    assert all(path in made.partition("install -d")[2] for path in volumes), "owned by who runs"
    entry = json.loads(dict(told)["ENTRYPOINT"])
    assert entry == ["/opt/coldwitness/current/bin/coldwitness"]
    assert is_command(json.loads(dict(told)["CMD"]))


def test_nothing_but_the_bundle_gets_into_the_image() -> None:
    copied = [rest for name, rest in instructions() if name == "COPY"]
    assert copied == [
        "bundle/ /bundle/",
        "--from=installed /opt/coldwitness /opt/coldwitness",
    ]
    ignored = (DEPLOY.parent / ".containerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignored if not line.startswith("#")] == ["*", "!bundle"]


def test_the_health_check_asks_the_door_that_the_settings_open() -> None:
    (check,) = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    settings = load_settings(DEPLOY / "settings" / "compose.toml")
    assert f"127.0.0.1:{settings.metrics.port}/metrics" in check
    compile(json.loads(check.partition("CMD ")[2])[2], "check", "exec")


# Compose


def sources(service: Mapping[str, Any]) -> Iterator[str]:
    for volume in service.get("volumes", ()):
        yield volume.split(":")[0]


def test_the_services_are_those_of_a_district() -> None:
    wanted = "mosquitto influxdb postgres ingest1 ingest2 judge1 judge2 api prometheus grafana"
    assert set(SERVICES) == set(wanted.split())
    assert {its["command"][0] for its in OURS.values()} == {"ingest", "judge", "serve"}
    for name, its in SERVICES.items():
        assert set(its) <= KEYS, name
        tag = its["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d[\d.]*", tag), f"{name}: {its['image']} is not pinned"
        assert "no-new-privileges:true" in its.get("security_opt", ()) or name in (
            "influxdb",  # their makers' images begin as root and step down
            "postgres",
        )


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_not_root_and_write_to_their_folders_alone(name: str) -> None:
    its = OURS[name]
    assert is_command(its["command"])
    assert (its["user"], its["read_only"], its["cap_drop"]) == ("10001:10001", True, ["ALL"])
    settings = load_settings(DEPLOY / "settings" / "compose.toml")
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in its["volumes"]}
    assert mounted["/etc/coldwitness/coldwitness.toml"] == "./settings/compose.toml"
    written = [settings.journal.directory, settings.store.archive_directory]
    for path in written:
        assert any(path.is_relative_to(place) for place in mounted), path
    read = [settings.mqtt.ca_file, settings.mqtt.password_file, settings.store.influx_token_file]
    read.append(Path(its["environment"]["PGPASSFILE"]))
    if its["command"][0] == "serve":
        read += [settings.http.certificate_file, settings.http.key_file]
        assert settings.store.backup_directory is not None
        assert settings.store.backup_directory.as_posix() in mounted
    for path in read:
        assert path is not None
        assert path.parent.as_posix() == "/run/secrets"
        assert path.name in its["secrets"]


def test_workers_have_names_of_their_own() -> None:
    workers = [its["command"][-1] for its in OURS.values() if its["command"][0] == "ingest"]
    assert len(set(workers)) == 2
    assert load_settings(DEPLOY / "settings" / "compose.toml").mqtt.shared_group


def test_what_compose_names_is_there() -> None:
    made = ("./broker/", "./secrets/")
    for name, its in SERVICES.items():
        assert set(its["networks"]) <= COMPOSE["networks"].keys()
        assert set(its.get("secrets", ())) <= COMPOSE["secrets"].keys(), name
        assert set(its.get("depends_on", ())) <= SERVICES.keys()
        for other, how in its.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
        for source in sources(its):
            if source.startswith("./"):
                assert source.startswith(made) or (DEPLOY / source).exists(), source
            else:
                assert source in COMPOSE["volumes"], source
    used = {source for its in SERVICES.values() for source in sources(its)}
    assert COMPOSE["volumes"].keys() <= used
    secrets = {name for its in SERVICES.values() for name in its.get("secrets", ())}
    assert COMPOSE["secrets"].keys() == secrets
    assert all(one["file"].startswith(made) for one in COMPOSE["secrets"].values())


def test_stores_and_doors_of_prometheus_are_on_the_inner_network_alone() -> None:
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    outside = {name: its["ports"] for name, its in SERVICES.items() if "ports" in its}
    assert outside == {
        "mosquitto": ["8883:8883"],
        "api": ["443:8000"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


def test_prometheus_asks_every_process_of_ours_and_finds_its_rules() -> None:
    told = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = told["scrape_configs"]
    (targets,) = [one["targets"] for one in job["static_configs"]]
    port = load_settings(DEPLOY / "settings" / "compose.toml").metrics.port
    assert sorted(targets) == sorted(f"{name}:{port}" for name in OURS)
    for file in told["rule_files"]:
        assert (DEPLOY / "prometheus" / file).is_file()
        assert f"./prometheus/{file}" in list(sources(SERVICES["prometheus"]))
    rules = (DEPLOY / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    assert set(re.findall(r'job="(\w+)"', rules)) == {job["job_name"]}


def test_mosquitto_finds_its_files_where_its_configuration_looks_for_them() -> None:
    configuration = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    mounted = {volume.split(":")[1] for volume in SERVICES["mosquitto"]["volumes"]}
    named = re.findall(
        r"^(?:password_file|acl_file|cafile|certfile|keyfile) (\S+)", configuration, re.MULTILINE
    )
    (location,) = re.findall(r"^persistence_location (\S+?)/?$", configuration, re.MULTILINE)
    assert len(named) == 5
    assert {*named, location} <= mounted


def test_grafana_is_given_what_its_data_sources_ask_of_the_environment() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    provisioned = (provisioning / "datasources" / "coldwitness.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)\}", provisioned))
    assert asked <= SERVICES["grafana"]["environment"].keys()
    (folder,) = re.findall(
        r"path: (\S+)",
        (provisioning / "dashboards" / "coldwitness.yml").read_text(encoding="utf-8"),
    )
    assert f"./grafana/dashboards:{folder}:ro" in SERVICES["grafana"]["volumes"]
