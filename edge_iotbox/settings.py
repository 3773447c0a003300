"""The agent's settings: an INI file, and the environment over it (CAUSEWAY_EDGE_SECTION__NAME). Secrets stand in files of their own.

Every name has a default but the gateway's address; `causeway-edge check` prints what is in force. docs/edge.md explains them at work.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from schemas.hardware import MAX_BATCH_EVENTS

PREFIX = "CAUSEWAY_EDGE_"
DEFAULT_FILE = Path("/etc/causeway/edge.ini")


class SettingsError(ValueError):
    """A setting that cannot be: says which, and what is expected."""


@dataclass(frozen=True, slots=True)
class BoxSettings:
    """url: the IoT Box; identifier: its name in events, its MAC address when empty; devices, exclude: patterns (* and ?) on identifiers or classes,
    blanks between, nothing = all; look_seconds: how often devices are looked for; start_scales: tell scales to read."""

    url: str = "http://127.0.0.1:8069"
    identifier: str = ""
    devices: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ("distant_display",)
    look_seconds: int = 5
    gone_seconds: int = 10
    start_scales: bool = True


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """folder: must outlive a power cut; when_full: oldest or refuse; volatile_allowed: begin although the folder is memory."""

    folder: Path = Path("/var/lib/causeway-edge")
    megabytes: int = 256
    days: int = 30
    when_full: str = "oldest"
    volatile_allowed: bool = False


@dataclass(frozen=True, slots=True)
class SendSettings:
    """way: https or kafka; gateway: address of `causeway gateway`; ca_file: who signs its certificate, instead of the system's list;
    token_file: what `enrol` writes, in the spool's folder when empty; batch_events: most in one call; pause_seconds: pause between calls."""

    way: str = "https"
    gateway: str = ""
    ca_file: str = ""
    token_file: str = ""
    batch_events: int = MAX_BATCH_EVENTS
    pause_seconds: int = 0
    health_seconds: int = 60
    timeout_seconds: int = 30


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """For way = kafka (extra `edge-kafka`). security: plaintext, ssl, sasl_plaintext or sasl_ssl; schema_id: of hardware_event,
    0 = ask the registry."""

    bootstrap: str = ""
    topic: str = "hardware-events"
    security: str = "sasl_ssl"
    ca_file: str = ""
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password_file: str = ""
    schema_id: int = 0
    registry: str = ""
    environment: str = "production"
    timeout_seconds: int = 30


@dataclass(frozen=True, slots=True)
class LogSettings:
    """level: DEBUG, INFO, WARNING or ERROR; metrics_file: in Prometheus' text format, empty = none; metrics_seconds: how often it is written;
    clock_always_trusted: this machine's clock is kept by other means than systemd-timesyncd, chrony or ntpd."""

    level: str = "INFO"
    metrics_file: str = "/run/causeway-edge/metrics.prom"
    metrics_seconds: int = 15
    clock_always_trusted: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Sections of the file."""

    box: BoxSettings = field(default_factory=BoxSettings)
    spool: SpoolSettings = field(default_factory=SpoolSettings)
    send: SendSettings = field(default_factory=SendSettings)
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    log: LogSettings = field(default_factory=LogSettings)


_SECTIONS: Mapping[str, type[Any]] = {
    "box": BoxSettings,
    "spool": SpoolSettings,
    "send": SendSettings,
    "kafka": KafkaSettings,
    "log": LogSettings,
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "spool.when_full": ("oldest", "refuse"),
    "send.way": ("https", "kafka"),
    "kafka.security": ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl"),
    "log.level": ("DEBUG", "INFO", "WARNING", "ERROR"),
}
_LEAST: Mapping[str, int] = {"send.pause_seconds": 0, "kafka.schema_id": 0}
_MOST: Mapping[str, int] = {"send.batch_events": MAX_BATCH_EVENTS, "spool.days": 3650, "kafka.schema_id": 2**31 - 1}


def load_settings(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """The file (None = the default one if it is there), then the environment. Raises SettingsError."""
    given: dict[str, dict[str, str]] = {name: {} for name in _SECTIONS}
    if path is not None or DEFAULT_FILE.exists():
        _read(path or DEFAULT_FILE, given)
    for name, text in environment.items():
        if name.startswith(PREFIX):
            section, key = _named(name)
            given[section][key] = text
    settings = Settings(**{name: _section(name, made, given[name]) for name, made in _SECTIONS.items()})
    for setting, url in (("box.url", settings.box.url), ("send.gateway", settings.send.gateway)):
        _check_port(setting, url)
    return settings


def _named(name: str) -> tuple[str, str]:
    """The section and setting of an environment variable. Raises SettingsError, with the name that was likely meant."""
    known = {
        f"{PREFIX}{section}__{one.name}".upper(): (section, one.name)
        for section, made in _SECTIONS.items()
        for one in fields(made)
    }
    if name.upper() in known:
        return known[name.upper()]
    from difflib import get_close_matches  # only for those who need it: it takes memory

    near = get_close_matches(name.upper(), known, 1, 0.0)
    raise SettingsError(f"{name}: there is no such setting; did you mean {near[0]}?")


def _read(path: Path, given: dict[str, dict[str, str]]) -> None:
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise SettingsError(
            f"{path}: {error.strerror}; write it as docs/edge.md says, or name another with --config"
        ) from error
    except (configparser.Error, UnicodeError) as error:
        raise SettingsError(f"{path}: not an INI file: {str(error).splitlines()[0]}") from error
    for section in parser.sections():
        if section not in given:
            raise SettingsError(f"{path}: there is no section [{section}]; sections: {', '.join(_SECTIONS)}")
        given[section].update(parser.items(section))


def _section(section: str, made: type[Any], given: Mapping[str, str]) -> Any:
    known = {one.name: one for one in fields(made)}
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in known:
            raise SettingsError(f"[{section}] {name}: there is no such setting; known: {', '.join(known)}")
        values[name] = _READ[str(known[name].type)](f"{section}.{name}", text.strip())
    return made(**values)


def _check_port(setting: str, url: str) -> None:
    """What else an address must be is told where it is used."""
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise SettingsError(f"{setting}: {url!r}: {str(error)[0].lower()}{str(error)[1:]}") from error


def _word(name: str, text: str) -> str:
    if name in _CHOICES and text not in _CHOICES[name]:
        raise SettingsError(f"{name}: must be one of {', '.join(_CHOICES[name])}")
    return text


def _whole(name: str, text: str) -> int:
    least, most = _LEAST.get(name, 1), _MOST.get(name, 1_000_000)
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
        raise SettingsError(f"{name}: must be a whole number from {least} to {most}")
    return int(text)


def _truth(name: str, text: str) -> bool:
    found = {
        "yes": True,
        "true": True,
        "1": True,
        "on": True,
        "no": False,
        "false": False,
        "0": False,
        "off": False,
    }.get(text.lower())
    if found is None:
        raise SettingsError(f"{name}: must be yes or no")
    return found


def _place(name: str, text: str) -> Path:
    """A relative one would be another folder, and a spool of its own, wherever the agent is started."""
    path = Path(text)
    if not path.is_absolute():
        raise SettingsError(f"{name}: {text!r}: must begin with /, for example {SpoolSettings().folder}")
    return path


_READ: Mapping[str, Callable[[str, str], Any]] = {
    "str": _word,
    "int": _whole,
    "bool": _truth,
    "Path": _place,
    "tuple[str, ...]": lambda name, text: tuple(text.split()),
}
