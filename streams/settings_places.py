"""What the configuration says and where each thing was said: the file's name and key, or the variable. Pure but for `read_said`.

Problems name that place, since it is what a person has to edit.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Key = tuple[str | int, ...]  # from the root: ("stock", "rules", 0, "channel")

PREFIX = "CAUSEWAY_"
CONFIG = "CAUSEWAY_CONFIG"


class FileError(Exception):
    """The file of CAUSEWAY_CONFIG cannot be read: its name, what is wrong, and in which line."""


@dataclass(frozen=True, slots=True)
class Said:
    """The file's name (empty: there is none) and content, and the names of variables of our prefix, in capitals."""

    file: str
    content: Mapping[str, Any]
    variables: frozenset[str]

    def place(self, key: Key, *, to_set: bool = False) -> str:
        """Where that key was said; the environment wins over the file. `to_set`: nobody said it, so the variable that would."""
        variable = variable_of(key)
        if variable in self.variables or any(name.startswith(f"{variable}__") for name in self.variables):
            return variable
        if not to_set and self.file and _holds(self.content, key):
            return f"{self.file}, {dotted(key)}"
        for length in range(len(key) - 1, 0, -1):  # said within a variable that holds JSON
            if (outer := variable_of(key[:length])) in self.variables:
                return f"{outer}, {dotted(key[length:])}"
        return variable


def read_said() -> Said:
    """From the environment and the file it names. Raises FileError."""
    path = os.environ.get(CONFIG, "")
    names = frozenset(name.upper() for name in os.environ if name.upper().startswith(PREFIX))
    return Said(path, _read(path) if path else {}, names)


def _read(path: str) -> dict[str, Any]:
    if not Path(path).is_file():
        raise FileError(f"{CONFIG} names {path}, which is not a file")
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{path} is no TOML: {_in_words(error, path)}") from None
    except UnicodeDecodeError:
        raise FileError(f"{path} is no TOML: it is not UTF-8") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from None


def _in_words(error: tomllib.TOMLDecodeError, path: str) -> str:
    """Its place is told by line and column, or as the end of the document; never the line itself, which may hold a secret."""
    text = str(error)
    if "at end of document" not in text:
        return text
    last = len(Path(path).read_text(encoding="utf-8").splitlines())
    return text.replace("at end of document", f"at the end, line {last}")


def variable_of(key: Key) -> str:
    """The variable that sets it."""
    return PREFIX + "__".join(str(part) for part in key).upper()


def dotted(key: Key) -> str:
    """As TOML writes it; the first of a list is [1]."""
    words = ""
    for part in key:
        if isinstance(part, int):
            words += f"[{part + 1}]"
        else:
            plain = part.replace("_", "").replace("-", "").isalnum()
            words += ("." if words else "") + (part if plain else f'"{part}"')
    return words


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are joined, anything else of `above` wins."""
    result = dict(below)
    for name, value in above.items():
        under = result.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        result[name] = merged(under, value) if both else value  # type: ignore[arg-type] # `both` says they are tables
    return result


def tables(raw: Any) -> Iterator[tuple[str, Any]]:
    """What a table holds; nothing where something else was written."""
    if isinstance(raw, Mapping):
        yield from raw.items()


def instead(name: str, known: Iterable[str]) -> str:
    """`; did you mean main? there are: main, two`: what a wrong name probably means, and what there is."""
    names = sorted(set(known))
    meant = likely(name, names)
    return f"{meant or ';'} there are: {', '.join(names) or 'none'}"


def likely(name: str, known: Iterable[str]) -> str:
    """`; did you mean main?`, or nothing where no name is near."""
    by_case = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name.casefold(), by_case, n=1, cutoff=0.6)
    return f"; did you mean {by_case[near[0]]}?" if near else ""


def _holds(content: Any, key: Key) -> bool:
    for part in key:
        if isinstance(part, int) and isinstance(content, list) and part < len(content):
            content = content[part]
        elif isinstance(content, Mapping):
            found = [name for name in content if name.casefold() == str(part).casefold()]
            if not found:
                return False
            content = content[found[0]]
        else:
            return False
    return True
