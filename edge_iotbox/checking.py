"""`causeway-edge check`: everything an agent needs, tried once, in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_iotbox.afar import wanted_of
from edge_iotbox.box import Box, BoxError
from edge_iotbox.clock import Clock
from edge_iotbox.enrolment import EnrolmentError, enrolment_path, read_enrolment
from edge_iotbox.gateway import Gateway
from edge_iotbox.numbers import write_durably
from edge_iotbox.places import check_place
from edge_iotbox.settings import Settings
from edge_iotbox.verdicts import NotAllowed, Taken


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    good: bool
    words: str


def check_all(settings: Settings, clock: Clock) -> list[Finding]:
    """Nothing is changed but a small file in the spool's folder, which is gone afterwards."""
    findings = [_spool(settings), _box(settings, clock), _clock(clock)]
    return [*findings, *(_https(settings) if settings.send.way == "https" else _kafka(settings))]


def _spool(settings: Settings) -> Finding:
    folder = settings.spool.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(folder / "check", b"x")
        (folder / "check").unlink()
    except OSError as error:
        return Finding("spool", False, f"{folder} cannot be written: {error.strerror}")
    if why := check_place(folder):
        return Finding("spool", settings.spool.volatile_allowed, why)
    return Finding("spool", True, f"{folder} can be written and outlives a power cut")


def _box(settings: Settings, clock: Clock) -> Finding:
    try:
        page = Box(settings.box.url, clock.now).homepage()
    except BoxError as error:
        return Finding("box", False, f"{settings.box.url}: {error}")
    wanted = wanted_of(settings, {})
    listed = ", ".join(
        f"{one.identifier} ({one.device_class}{'' if wanted.takes(one) else ', not wanted'})" for one in page.devices
    )
    return Finding("box", True, f"{page.mac}, version {page.version}, devices: {listed or 'none'}")


def _clock(clock: Clock) -> Finding:
    words = (
        "synchronised"
        if clock.trusted()
        else "not known to be synchronised; events will say so (log.clock_always_trusted if it is kept otherwise)"
    )
    return Finding("clock", True, words)


def _https(settings: Settings) -> list[Finding]:
    send = settings.send
    if not send.gateway:
        return [Finding("gateway", False, "send.gateway is not set")]
    path = enrolment_path(settings.spool.folder, send.token_file)
    try:
        enrolment = read_enrolment(path)
    except EnrolmentError as error:
        return [Finding("enrolment", False, str(error))]
    found = Finding("enrolment", True, f"{enrolment.box}, by {path}")
    try:
        gateway = Gateway(
            send.gateway, lambda: enrolment.token, Path(send.ca_file) if send.ca_file else None, send.timeout_seconds
        )
    except ValueError as error:
        return [found, Finding("gateway", False, str(error))]
    verdict = gateway.send([])
    gateway.close()
    if isinstance(verdict, Taken):
        return [found, Finding("gateway", True, f"{send.gateway} has this Box's events up to {verdict.through}")]
    words = (
        "does not know this credential: enrol again"
        if isinstance(verdict, NotAllowed)
        else f"cannot be used now: {verdict}"
    )
    return [found, Finding("gateway", False, f"{send.gateway} {words}")]


def _kafka(settings: Settings) -> list[Finding]:
    from edge_iotbox.kafka_sender import check_kafka

    good, words = check_kafka(settings.kafka)
    return [Finding("kafka", good, words)]
