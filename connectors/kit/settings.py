"""The base of every part of the configuration. A connector's own part is a subclass in its folder's `settings.py`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

A = TypeVar("A")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Part(BaseModel):
    """A part of the configuration; unknown names are errors, so a typo is found at start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def check_environment(self, environment: str) -> None:
        """Raises ValueError when keys, hosts or databases of this part belong to another environment; here: nothing tells."""

    def check_credentials(self) -> None:
        """Raises ValueError, naming the setting, when what is needed to log in is missing; here: nothing is that is not asked for anyway."""

    def check_switched_on(self, flows: Mapping[str, Collection[str]]) -> None:
        """flows: account -> those of its flows that are on. Raises ValueError, naming the setting, for one that cannot be on so."""

    def beside(self, parts: Mapping[str, Part]) -> Part:
        """This part with what follows from others'; parts: by the connectors' names. Raises ValueError, naming both settings, where they disagree."""
        return self


def account_names(accounts: Mapping[str, A]) -> dict[str, A]:
    """Accounts by their names in small letters. Raises ValueError for names that could not stand in a key."""
    named = {name.lower(): account for name, account in accounts.items()}
    if bad := sorted(name for name in named if not _NAME.fullmatch(name)):
        raise ValueError(f"account names are letters, digits, - and _, at most 40: {', '.join(bad)[:200]}")
    if len(named) < len(accounts):
        raise ValueError("two account names differ in letter case only")
    return named


def check_one_secret(name: str, value: SecretStr, file: str) -> None:
    """Raises ValueError unless a secret is given in one way: itself, or the file that holds it."""
    if bool(value.get_secret_value()) == bool(file):
        raise ValueError(f"set {name} or {name}_file, one of them")


def secret_from(value: SecretStr, file: str) -> SecretStr:
    """The secret, read anew each time, so that a changed file is a rotation. Raises OSError when the file cannot be read."""
    return SecretStr(Path(file).read_text(encoding="utf-8").strip()) if file else value
