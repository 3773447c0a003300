"""`causeway-edge check`: everything an agent needs, tried once, in words."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edge_iotbox.afar import wanted_of
from edge_iotbox.box import Box, BoxError
from edge_iotbox.clock import Clock
from edge_iotbox.enrolment import EnrolmentError, enrolment_path, read_enrolment
from edge_iotbox.gateway import Gateway, GatewayError
from edge_iotbox.lineage import read_lineage
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
    """Nothing is made or changed but a small file in the spool's folder, where there is one; it is gone afterwards."""
    findings = [_spool(settings), _box(settings, clock), _clock(clock)]
    return [*findings, *(_https(settings) if settings.send.way == "https" else _kafka(settings))]


def _spool(settings: Settings) -> Finding:
    folder = settings.spool.folder
    if why := check_place(folder):
        return Finding("spool", settings.spool.volatile_allowed, why)
    if not folder.exists():
        return _missing(folder)
    trial = folder / "check"
    try:
        try:
            write_durably(trial, b"x")
        finally:
            for left in (trial, folder / "check.new"):
                left.unlink(missing_ok=True)
    except OSError as error:
        return Finding("spool", False, f"{folder} cannot be written: {error.strerror}")
    return Finding("spool", True, f"{folder} can be written and outlives a power cut")


def _missing(folder: Path) -> Finding:
    """The agent makes it when it begins, if it may."""
    above = next(path for path in folder.absolute().parents if path.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return Finding("spool", True, f"{folder} is not there yet; it will be made in {above}")
    return Finding(
        "spool",
        False,
        f"{folder} is not there, and this user cannot make it in {above}: install -d -m 700 -o USER {folder}",
    )


def _box(settings: Settings, clock: Clock) -> Finding:
    url = settings.box.url
    asked = Box(url, clock.now)
    try:
        page = asked.homepage()
    except BoxError as error:
        return Finding("box", False, f"{url}: {error}")
    finally:
        asked.close()
    if wrong := _another_box(settings, page.mac):
        return Finding("box", False, wrong)
    wanted = wanted_of(settings, {})
    listed = ", ".join(
        f"{one.identifier} ({one.device_class}{'' if wanted.takes(one) else ', not wanted'})" for one in page.devices
    )
    return Finding("box", True, f"{page.mac}, version {page.version}, devices: {listed or 'none'}")


def _another_box(settings: Settings, mac: str) -> str:
    """Why what devices of the Box at the URL do would come under another Box's name; empty where it would not, or nobody can know."""
    try:
        enrolled = read_enrolment(enrolment_path(settings.spool.folder, settings.send.token_file)).box
    except EnrolmentError:
        return ""  # told by its own finding
    if settings.send.way != "https":
        return ""
    said, what = (
        (settings.box.identifier, "box.identifier")
        if settings.box.identifier
        else (mac, f"the IoT Box at {settings.box.url}")
    )
    if not said or said.lower() == enrolled.lower():
        return ""
    return (
        f"{what} is {said}, and {enrolled} was enrolled here: its events would come under the other's name. Mend box.url or box.identifier, "
        f"or enrol this one (causeway gateway enrol {said}, causeway-edge enrol CODE)"
    )


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
    good, words = _asked(gateway, read_lineage(settings.spool.folder).header)
    gateway.close()
    return [found, Finding("gateway", good, f"{send.gateway} {words}")]


def _asked(gateway: Gateway, spool: str) -> tuple[bool, str]:
    """Whether it knows the credential and this spool. It is asked without beginning to speak: an agent that runs here is not disturbed."""
    verdict = gateway.send([])
    if isinstance(verdict, NotAllowed):
        return False, "does not know this credential: enrol again"
    if not isinstance(verdict, Taken):
        return False, f"cannot be used now: {verdict}"
    try:
        gateway.configuration(spool)
    except GatewayError as error:
        if error.why != "status_403":
            return False, f"cannot be used now: {error}"
        return (
            False,
            "has another spool for this Box: this one was copied, restored or made anew; enrol again if it is the right one",
        )
    return True, f"has this Box's events up to {verdict.through}"


def _kafka(settings: Settings) -> list[Finding]:
    from edge_iotbox.kafka_sender import check_kafka

    good, words = check_kafka(settings.kafka)
    return [Finding("kafka", good, words)]
