"""Where people enrol, look at, configure and revoke Boxes: writes `edge.boxes` and the audit trail. The gateways may run anywhere, or later."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from schemas.codec import Codec
from schemas.edge_contract import ContractError, configuration_from_words, is_box
from schemas.records import EdgeBox
from schemas.registry import Registry
from schemas.topics import EDGE_BOXES
from streams.failure.actions import audit_message
from streams.gateway import entries
from streams.gateway.book import Book, Box
from streams.gateway.credentials import RandomBytes, code_hash, new_code
from streams.gateway.metrics import clock_error
from streams.gateway.run import prepare
from streams.kafka import SyncProducer, read_to_end
from streams.settings import Settings


class DeskError(ValueError):
    """What was asked cannot be done: says why and what to write."""


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code, to be shown once. `standing`: the Box has a token, which goes on counting until the code is used."""

    box: str
    code: str
    expires_at: datetime
    standing: bool


class BoxDesk:
    """`prefix`: of the topics, for tests. Raises BrokerError when Kafka cannot be reached."""

    def __init__(
        self, settings: Settings, codec: Codec, *, prefix: str = "", random_bytes: RandomBytes = os.urandom
    ) -> None:
        self._settings, self._codec, self._random_bytes = settings, codec, random_bytes
        self._topic, self._prefix = prefix + EDGE_BOXES, prefix

    def book(self) -> Book:
        """All that is known now."""
        book = Book()
        for record in read_to_end(self._settings.kafka.librdkafka(), [self._topic]):
            key, entry = entries.read(self._codec, record)
            book.apply(record.offset, key, entry)
        return book

    def enrol(self, box: str, minutes: int, *, actor: str, at: datetime) -> Code:
        """A code for this Box; an older one that was not used is over. Raises DeskError."""
        name = named(box)
        with Registry(self._settings.registry.client()) as registry:  # the first Box may come before the first gateway
            prepare(self._settings, registry, self._prefix)
        known, code = self.book().box(name), new_code(self._random_bytes)
        expires_at = at + timedelta(minutes=minutes)
        entry = entries.enrolment(name, code_hash(code), expires_at, by=actor, at=at)
        self._write(
            entry, "enrol", actor, at, before=known.state(at), after=f"code until {expires_at:%Y-%m-%dT%H:%M:%SZ}"
        )
        return Code(name, code, expires_at, known.credential is not None)

    def revoke(self, box: str, *, actor: str, at: datetime, note: str = "") -> Box:
        """Its token and any code of it are over, at once at every gateway. Raises DeskError for a Box nobody knows."""
        known = self._known(box)
        entry = entries.revocation(known.name, by=actor, at=at)
        self._write(entry, "revoke", actor, at, before=known.state(at), after="revoked", note=note)
        return known

    def configure(
        self, box: str, words: Iterable[str], *, actor: str, at: datetime, note: str = ""
    ) -> Mapping[str, Any]:
        """Sets `name=value`, takes `name=` back, leaves the others. Gives the whole of it. Raises DeskError."""
        known = self._known(box)
        try:
            said = configuration_from_words(words)
        except ContractError as error:
            raise DeskError(str(error)) from error
        wanted = {name: value for name, value in {**known.configuration, **said}.items() if value is not None}
        if wanted != known.configuration:
            entry = entries.configuration(known.name, wanted, by=actor, at=at)
            self._write(
                entry, "configure", actor, at, before=_text(known.configuration), after=_text(wanted), note=note
            )
        return wanted

    def _known(self, box: str) -> Box:
        name = named(box)
        known = self.book().box(name)
        if known.enrolment is None and not known.credentials:
            raise DeskError(f"there is no Box {name!r}: `causeway gateway boxes` lists them")
        return known

    def _write(
        self, entry: EdgeBox, action: str, actor: str, at: datetime, *, before: str, after: str, note: str = ""
    ) -> None:
        audit = audit_message(
            self._codec, action, f"box:{entry['box']}", actor=actor, at=at, before=before, after=after, note=note
        )  # fmt: skip
        with SyncProducer(self._settings.kafka.librdkafka()) as producer:
            producer.send_all(
                [entries.message(self._codec, self._topic, entry), replace(audit, topic=self._prefix + audit.topic)]
            )


def named(box: str) -> str:
    """The identifier as Boxes say it: MAC addresses in small letters. Raises DeskError."""
    if not is_box(box):
        raise DeskError("a Box's identifier is 1 to 64 letters, digits and : . _ -, usually its MAC address")
    return box.lower() if len(box) == 17 and box.count(":") == 5 else box


def as_json(box: Box, now: datetime) -> dict[str, Any]:
    """For machines: everything but hashes."""
    through, credential = box.through, box.credential
    return {
        "box": box.name,
        "state": box.state(now),
        "name": credential.called if credential else "",
        "credential": credential.name if credential else "",
        "enrolled_at": credential.at if credential else None,
        "revoked_at": box.revoked_at if credential is None else None,
        "used_twice_at": box.twice_at,
        "last_seen": box.last_seen,
        "silent_seconds": round((now - box.last_seen).total_seconds()) if box.last_seen else None,
        "through": through.sequence if through else 0,
        "through_at": through.at if through else None,
        "health_at": box.health_at,
        "health": dict(box.health),
        "clock_error_seconds": clock_error(box),
        "config": dict(box.configuration),
        "config_version": box.config_version,
        "has_config": box.health.get("config_version") == box.config_version,
    }


def _text(configuration: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(configuration.items()))
