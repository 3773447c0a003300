"""Dead letters of states that a destination took a newer state of since, although no newer letter stands for them: a later poll brought it.

They stay open, and counted, until somebody answers them: their destination calls them `stale`, so replaying them changes nothing. They are
marked, so that nobody mends what mended itself. What a destination holds of each key is in `state.<destination>`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from schemas.codec import Codec, DecodeError
from schemas.records import FailedRecord, KeyState
from schemas.topics import DESTINATIONS, state
from streams.failure.dead import Letter
from streams.failure.superseded import STATED, subject_of
from streams.kafka import read_to_end
from streams.observe.operations import operation_for
from streams.settings import Settings
from streams.stages.rules import EVERY_RULE

_HOME = {rule.operation: rule.destination for rule in EVERY_RULE if rule.destination and not rule.is_command}


def marked(settings: Settings, codec: Codec, letters: Sequence[Letter]) -> list[Letter]:
    """The same letters, those that were overtaken marked. Reads nothing where none can be. Raises BrokerError."""
    wanted: dict[str, set[bytes]] = defaultdict(set)
    for letter in letters:
        if letter.is_open and (topic := _held_in(letter.failed)):
            wanted[topic].add(letter.failed["key"].encode())
    held = _held(settings, codec, wanted)
    return [replace(letter, is_overtaken=_is_overtaken(letter, held)) for letter in letters]


def _held(settings: Settings, codec: Codec, wanted: dict[str, set[bytes]]) -> dict[tuple[str, str], KeyState]:
    """(topic, key) -> the newest version there; of lanes that write at the same moment the last record need not be it."""
    held: dict[tuple[str, str], KeyState] = {}
    for record in read_to_end(settings.kafka.librdkafka(), sorted(wanted)) if wanted else ():
        if record.key not in wanted[record.topic]:
            continue
        try:
            found: KeyState = codec.decode("key_state", record.value)
        except DecodeError:
            continue
        name = (record.topic, found["key"])
        if name not in held or held[name]["version"] <= found["version"]:
            held[name] = found
    return held


def _held_in(failed: dict[str, Any]) -> str:
    """The topic that says what became of the key; empty for commands, and for what goes to several destinations under other keys."""
    letter = cast("FailedRecord", failed)
    if subject_of(letter) is None or letter["operation"] in STATED or letter["version"] <= 0:
        return ""
    if letter["destination"] in DESTINATIONS:
        return state(letter["destination"])
    home = _HOME.get(operation_for(letter["operation"], _header(letter, "entity"), _header(letter, "source")))
    return state(home) if home else ""


def _is_overtaken(letter: Letter, held: dict[tuple[str, str], KeyState]) -> bool:
    failed = letter.failed
    found = held.get((_held_in(failed), failed["key"])) if letter.is_open else None
    if found is None or not found["checksum"]:  # nothing was ever applied of the key
        return False
    same = found["version"] == failed["version"] and found["checksum"] == _header(failed, "checksum")
    return found["version"] > failed["version"] or same


def _header(failed: Any, name: str) -> str:
    return bytes(failed["headers"].get(name, b"")).decode(errors="replace")
