"""Which configuration a command has read: told where it looked for Kafka at the default address, which is hardly ever meant on purpose."""

from __future__ import annotations

import os
from pathlib import Path

_BOOTSTRAP = ("kafka", "bootstrap")


def default_broker_words() -> str:
    """A line, or nothing where somebody has said which Kafka is meant. Only names: values may be secret."""
    from streams.settings_places import CONFIG, FileError, read_said, variable_of

    try:
        said = read_said()
    except FileError:
        return ""  # told already
    variable = variable_of(_BOOTSTRAP)
    kafka = said.content.get("kafka")
    if {variable, variable_of(_BOOTSTRAP[:1])} & said.variables or (isinstance(kafka, dict) and "bootstrap" in kafka):
        return ""
    others = len(said.variables - {CONFIG})
    variables = f"{others} variable{'' if others == 1 else 's'} CAUSEWAY_..."
    if said.file:
        read = f"configuration read: {Path(said.file).absolute()} (CAUSEWAY_CONFIG) and {variables}"
    elif others:
        read = f"configuration read: {variables}; CAUSEWAY_CONFIG names no file"
    else:
        return f"no configuration was found: no variable CAUSEWAY_... is set, so this is the default address{_beside()}"
    return f"{read}; none of it says which Kafka, so this is the default address{_beside()}"


def _beside() -> str:
    """What lies in this folder and is read by nobody, though it may look so."""
    there = [name for name in (".env", "causeway.toml") if Path(name).is_file()]
    if not there or os.environ.get("CAUSEWAY_CONFIG"):
        return ""
    advice = {".env": "load it into the environment", "causeway.toml": "set CAUSEWAY_CONFIG=causeway.toml"}
    return "".join(f"; {name} here is not read by itself: {advice[name]}" for name in there)
