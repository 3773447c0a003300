"""Are two versions of a schema compatible both ways? The check of the registry (FULL_TRANSITIVE), without a registry, before merge (EVT-1).

`released/NAME.N.avsc` holds what has been released, one file a version, never changed again. The current schema must read what each of them
wrote, and each of them must read what the current one writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import make_avsc_object

from schemas.codec import load_schema, schema_names


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which a schema broke its promise."""

    name: str
    against: str
    direction: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name}: {self.direction} {self.against}: {self.problem}"


def differences(name: str, current: Mapping[str, Any], earlier: Mapping[str, Any], against: str) -> list[Finding]:
    """What stops `current` and `earlier` from reading each other's records; empty when nothing does."""
    pairs = (
        ("cannot read records written by", current, earlier),
        ("writes records that cannot be read by", earlier, current),
    )
    found = []
    for direction, reader, writer in pairs:
        result = ReaderWriterCompatibilityChecker().get_compatibility(_parsed(reader), _parsed(writer))
        if result.compatibility is not SchemaCompatibilityType.compatible:
            places = ", ".join(sorted(result.locations)) or "/"
            found.append(Finding(name, against, direction, f"{'; '.join(sorted(result.messages))} at {places}"))
    return found


def released() -> dict[str, dict[int, dict[str, Any]]]:
    """Name -> version number -> schema, of everything released."""
    versions: dict[str, dict[int, dict[str, Any]]] = {}
    folder = resources.files("schemas").joinpath("released")
    for file in sorted(folder.iterdir(), key=lambda item: item.name) if folder.is_dir() else []:
        match = re.fullmatch(r"([a-z_]+)\.(\d+)\.avsc", file.name)
        if match:
            versions.setdefault(match[1], {})[int(match[2])] = json.loads(file.read_text(encoding="utf-8"))
    return versions


def check_released() -> list[Finding]:
    """Every current schema against every released version of it; a released schema that is gone is a finding too."""
    found: list[Finding] = []
    names = set(schema_names())
    for name, versions in released().items():
        if name not in names:
            found.append(Finding(name, f"version {max(versions)}", "was released as", "it is gone from schemas/avro"))
            continue
        for number, schema in sorted(versions.items()):
            found += differences(name, load_schema(name), schema, f"version {number}")
    return found


def unreleased() -> list[str]:
    """Names whose current schema is not the newest released one, in order."""
    known = released()
    return [name for name in schema_names() if name not in known or known[name][max(known[name])] != load_schema(name)]


def release(folder: Path) -> list[str]:
    """Freeze every unreleased schema as its next version in `folder`; returns the files written. Call `check_released` first."""
    known = released()
    written = []
    for name in unreleased():
        file = folder / f"{name}.{max(known.get(name, {0: {}})) + 1}.avsc"
        file.write_text(json.dumps(load_schema(name), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(file.name)
    return written


def _parsed(schema: Mapping[str, Any]) -> Any:
    return make_avsc_object(json.loads(json.dumps(schema)), validate_names=True)
