"""What the gateways know of Boxes, from the records of `edge.boxes` in the order of their log. Pure.

Several gateways and command lines write at once, and nobody asks anybody first. It comes out right because every rule reads the log's own
order, keeps its sense when compaction leaves only the newest record of each key, and never depends on who read what when:

    enrolment      one key a Box: the newest code counts, older ones are over
    credential     a key of its own each. Of those given for one enrolment the first in the log counts: a code works once, however many gateways
                   hear of it at the same moment. Of several enrolments the newest one that was used counts
    revocation     one key a Box: ends every credential and code whose enrolment stands before it
    configuration  one key a Box; its version is its place in the log, so no two are alike
    through        a key for each Box and writer, which only grows; the greatest counts. Each says what is true by itself (everything up to there
                   is safe), so no gateway can take back what another has promised
    health         one key a Box: the newest counts
    spool          a key for each credential: the name of the spool that speaks for the Box (`spools`); the newest counts
    twice          one key a Box: that a second spool has spoken under a credential; told until another credential counts

A writer is a gateway on one day (`Writer`): it never writes under a name that is older. So what a writer said days ago, and others have
passed since, can be thrown away (`litter`) without asking whether it still runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.records import EdgeBox
from streams.gateway.credentials import is_same

ENROLMENT, CREDENTIAL, REVOCATION = "enrolment", "credential", "revocation"
CONFIGURATION, THROUGH, HEALTH = "configuration", "through", "health"
SPOOL, TWICE = "spool", "twice"
KEPT = timedelta(days=3)  # what writers said before this is thrown away once others have passed it
WRITER_LIVES = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A code that was made; `offset` is its name."""

    offset: int
    code_hash: str
    expires_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A token that was given."""

    offset: int
    name: str
    enrolment: int
    token_hash: str
    called: str
    agent_version: str
    at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Through:
    """Everything up to this sequence is safe. Ordered by sequence, then age. `spool`: whose events they are; `offset`: its place in the log."""

    sequence: int
    at: datetime
    writer: str
    event_id: str
    spool: str = ""
    offset: int = -1


@dataclass(frozen=True, slots=True)
class Bound:
    """Which spool speaks under a credential since that place in the log."""

    offset: int
    spool: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Twice:
    """Two spools spoke under one credential."""

    credential: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Box:
    """All that is known of a Box."""

    name: str
    enrolment: Enrolment | None = None
    revoked: int = -1
    revoked_at: datetime | None = None
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    throughs: Mapping[str, Through] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    config_version: int = 0
    health: Mapping[str, Any] = field(default_factory=dict)
    health_at: datetime | None = None
    spools: Mapping[str, Bound] = field(default_factory=dict)  # by credential
    twice: Twice | None = None

    @property
    def credential(self) -> Credential | None:
        """The one that counts now; None when there is none, or it is revoked."""
        standing = [one for one in self.credentials.values() if one.enrolment > self.revoked]
        return min(standing, key=lambda one: (-one.enrolment, one.offset), default=None)

    @property
    def through(self) -> Through | None:
        """How far its events are safe; None when there were none."""
        return max(self.throughs.values(), default=None)

    @property
    def spool(self) -> Bound | None:
        """The one that speaks for it now; None before the first call under the credential that counts."""
        standing = self.credential
        return self.spools.get(standing.name) if standing else None

    @property
    def twice_at(self) -> datetime | None:
        """When a second spool spoke under the credential that counts; None when none did."""
        standing = self.credential
        return self.twice.at if standing and self.twice and self.twice.credential == standing.name else None

    @property
    def last_seen(self) -> datetime | None:
        """When it last brought events or said how it is."""
        moments = [
            self.health_at,
            *(one.at for one in self.throughs.values()),
            *(one.at for one in self.credentials.values()),
        ]
        return max((moment for moment in moments if moment is not None), default=None)

    def open_enrolment(self, code_hash: str, now: datetime) -> Enrolment | None:
        """The enrolment this code belongs to, if it can be used now."""
        found = self.enrolment
        is_known = is_same(found.code_hash if found else None, code_hash)
        if found is None or not is_known or not self._is_open(found, now):
            return None
        return found

    def state(self, now: datetime) -> str:
        """enrolled, revoked, or before that: waiting (its code can be used), expired."""
        if self.credential is not None:
            return "enrolled"
        if self.enrolment is not None and self._is_open(self.enrolment, now):
            return "waiting"
        return "revoked" if self.revoked >= 0 else "expired"

    def _is_open(self, found: Enrolment, now: datetime) -> bool:
        is_used = any(one.enrolment == found.offset for one in self.credentials.values())
        return found.offset > self.revoked and not is_used and now < found.expires_at


class Book:
    """Folds records. Read from any thread while one thread applies: each Box is replaced as a whole."""

    def __init__(self) -> None:
        self._boxes: dict[str, Box] = {}
        self._owners: dict[str, str] = {}  # credential -> Box
        self._applied = -1

    def apply(self, offset: int, key: str, entry: EdgeBox | None) -> str:
        """One record, None for a tombstone. Gives the Box it was about, empty when it changes nothing (read before, or no key of ours)."""
        what, name, box_name = parse_key(key)
        if offset <= self._applied or not what:
            return ""
        self._applied = offset
        box = self._boxes.get(box_name) or Box(box_name)
        self._boxes[box_name] = _without(box, what, name) if entry is None else _with(box, offset, entry)
        if what == CREDENTIAL:
            if entry is None:
                self._owners.pop(name, None)
            else:
                self._owners[name] = box_name
        return box_name

    def box(self, name: str) -> Box:
        """What is known of it; an empty one when nothing is."""
        return self._boxes.get(name) or Box(name)

    def boxes(self) -> list[Box]:
        """All of them, by name."""
        return sorted(self._boxes.values(), key=lambda box: box.name)

    def holder(self, credential: str, token_hash: str) -> str:
        """The Box this token belongs to and counts for; empty when there is none. Takes the same time for all that are wrong."""
        name = self._owners.get(credential, "")
        standing = self._boxes[name].credential if name in self._boxes else None
        is_its = standing is not None and standing.name == credential
        is_good = is_same(standing.token_hash if is_its and standing else None, token_hash)
        return name if is_good else ""

    def meant(self, code_hash: str, now: datetime) -> str:
        """The Box a code that can be used now was made for; empty when there is none. Whoever has the code may know."""
        return next((box.name for box in self.boxes() if box.open_enrolment(code_hash, now)), "")

    def litter(self, now: datetime) -> list[str]:
        """Keys of what says nothing any more, to be thrown away."""
        return [key for box in self.boxes() for key in _litter(box, now)]


def key_of(entry: EdgeBox) -> str:
    """What an entry replaces: its older self."""
    kind = entry["kind"]
    name = {CREDENTIAL: entry["credential"], SPOOL: entry["credential"], THROUGH: entry["writer"]}.get(kind, "")
    return f"{kind}:{name}:{entry['box']}"


def parse_key(key: str) -> tuple[str, str, str]:
    """(kind, name, Box) of a key; three empty texts for one that is none of ours."""
    parts = key.split(":", 2)
    known = (ENROLMENT, CREDENTIAL, REVOCATION, CONFIGURATION, THROUGH, HEALTH, SPOOL, TWICE)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[0] in known and parts[2] else ("", "", "")


def _with(box: Box, offset: int, entry: EdgeBox) -> Box:
    kind = entry["kind"]
    if kind == ENROLMENT and entry["expires_at"] is not None:
        return replace(box, enrolment=Enrolment(offset, entry["code_hash"], entry["expires_at"], entry["at"]))
    if kind == CREDENTIAL:
        given = Credential(
            offset, entry["credential"], entry["enrolment"], entry["token_hash"], entry["name"], entry["agent_version"], entry["at"]
        )  # fmt: skip
        return replace(box, credentials={**box.credentials, given.name: given})
    if kind == REVOCATION:
        return replace(box, revoked=offset, revoked_at=entry["at"])
    if kind == CONFIGURATION:
        return replace(box, configuration=json.loads(entry["content"]), config_version=offset + 1)
    if kind == THROUGH:
        said = Through(entry["through"], entry["at"], entry["writer"], entry["event_id"], _spool_in(entry), offset)
        return replace(box, throughs={**box.throughs, said.writer: said})
    if kind == SPOOL:
        return replace(box, spools={**box.spools, entry["credential"]: Bound(offset, _spool_in(entry), entry["at"])})
    if kind == TWICE:
        return replace(box, twice=Twice(entry["credential"], entry["at"]))
    if kind == HEALTH:
        return replace(box, health=json.loads(entry["content"]), health_at=entry["at"])
    return box


def _without(box: Box, what: str, name: str) -> Box:
    if what == CREDENTIAL:
        return replace(box, credentials={key: one for key, one in box.credentials.items() if key != name})
    if what == THROUGH:
        return replace(box, throughs={key: one for key, one in box.throughs.items() if key != name})
    if what == SPOOL:
        return replace(box, spools={key: one for key, one in box.spools.items() if key != name})
    return box


def _spool_in(entry: EdgeBox) -> str:
    return str(json.loads(entry["content"]).get("spool", ""))


def _litter(box: Box, now: datetime) -> list[str]:
    """Never what counts: the greatest of the through records stays, and any credential that a newer one has not replaced."""
    counts, through = box.credential, box.through
    passed = [
        one.writer for one in box.throughs.values() if through is not None and one < through and one.at < now - KEPT
    ]  # fmt: skip
    replaced = [
        one.name for one in box.credentials.values()
        if counts is not None and one.enrolment < counts.enrolment and one.at < now - KEPT
    ]  # fmt: skip
    unspoken = [
        name for name, one in box.spools.items()
        if one.at < now - KEPT and (name in replaced or name not in box.credentials)
    ]  # fmt: skip
    kinds = ((THROUGH, passed), (CREDENTIAL, replaced), (SPOOL, unspoken))
    return [f"{kind}:{name}:{box.name}" for kind, names in kinds for name in names]


class Writer:
    """The name a gateway writes its through records under; a new one each day. `random_bytes`: eight make one that nobody else has."""

    def __init__(self, random_bytes: Any) -> None:
        self._random_bytes = random_bytes
        self._name = ""
        self._since: datetime | None = None

    def name(self, now: datetime) -> str:
        """Today's."""
        if self._since is None or not timedelta(0) <= now - self._since < WRITER_LIVES:
            self._name, self._since = self._random_bytes(8).hex(), now
        return self._name
