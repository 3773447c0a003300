"""What the stack is made of: the shape of a part, and what every part's command line carries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streams.stack.jars import Bundle
from streams.stack.process import Identity, command_line

_ADDRESS = "-Dcauseway.address="


@dataclass(frozen=True)
class Port:
    """A port a part listens on, for messages about it."""

    number: int
    purpose: str
    setting: str


class Part(Protocol):
    """One Java process of the stack."""

    @property
    def identity(self) -> Identity:
        """How its process is found again."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def address(self) -> str:
        """host:port as the settings have it."""

    @property
    def external(self) -> str | None:
        """The user's own, which replaces this part."""

    @property
    def ports(self) -> Sequence[Port]:
        """All it listens on."""

    @property
    def bundle(self) -> Bundle:
        """Its jars."""

    def prepare(self, java: str, lib: Path, env: Mapping[str, str]) -> None:
        """What must be there before it starts. Raises StackError."""

    def command(self, java: str, lib: Path) -> list[str]:
        """Its command line."""

    def environment(self) -> dict[str, str]:
        """What it reads from the environment."""

    def client_address(self, address: str) -> str:
        """What clients are given to connect to host:port."""

    def answers(self, address: str) -> bool:
        """Whether the part at host:port serves, found out by asking it."""


def common_options(identity: Identity, address: str) -> list[str]:
    """What makes a process known as ours, and how it behaves when it dies."""
    return [
        identity.marker,
        f"{_ADDRESS}{address}",
        # Out of memory means dead and seen to be dead, never half alive.
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={identity.folder / 'logs' / f'{identity.part}-crash-%p.log'}",
        # Java's libraries unpack native code there; in /tmp a killed process would leave it behind.
        f"-Djava.io.tmpdir={scratch_folder(identity)}",
        "-Djava.awt.headless=true",
        "-Dfile.encoding=UTF-8",
    ]


def scratch_folder(identity: Identity) -> Path:
    """Temporary files of one part; emptied before each of its starts."""
    return identity.folder / "tmp" / identity.part


def running_address(pid: int) -> str | None:
    """Where a running part listens, as its command line says."""
    return next((a.removeprefix(_ADDRESS) for a in command_line(pid) if a.startswith(_ADDRESS)), None)


def child_environment(env: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without what would reconfigure the parts, in a locale that can name any folder."""
    foreign = re.compile(r"(QUARKUS|APICURIO|REGISTRY|KAFKA|LOG4J)_")
    kept = {name: value for name, value in env.items() if not foreign.match(name)}
    return {**kept, "LC_ALL": "C.UTF-8", **own}


def last_lines(text: str, count: int) -> str:
    """The end of a log, indented."""
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-count:])
