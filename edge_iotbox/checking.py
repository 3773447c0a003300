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
from edge_iotbox.inventory import Wanted
from edge_iotbox.lineage import read_lineage
from edge_iotbox.numbers import write_durably
from edge_iotbox.places import check_place
from edge_iotbox.settings import BoxSettings, LogSettings, Settings
from edge_iotbox.verdicts import TIMEOUT, Later, NotAllowed, Taken

_MEND = "mend send.gateway"
_TROUBLES = {
    "tls": f"does not speak TLS as it should: another server stands there, or a gateway without a certificate, or a port of plain http. {_MEND}",
    "certificate": f"shows a certificate that is not good here. {_MEND}, set send.ca_file to who signs it, or this machine's clock",
    TIMEOUT: f"does not answer in time. {_MEND}, or look for a firewall on the way",
    "network": f"gives no answer. {_MEND} (https or http, name, port), start `causeway gateway run` there, or look for what is wrong on the way",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    good: bool
    words: str


def check_all(settings: Settings, clock: Clock) -> list[Finding]:
    """Nothing is made or changed but a small file in the spool's folder and in that of the metrics, where there is one; it is gone afterwards."""
    findings = [_spool(settings), _metrics(settings.log.metrics_file), _box(settings, clock), _clock(clock)]
    return [*findings, *(_https(settings) if settings.send.way == "https" else _kafka(settings))]


def _spool(settings: Settings) -> Finding:
    folder = settings.spool.folder
    if why := check_place(folder):
        return Finding("spool", settings.spool.volatile_allowed, why)
    if not folder.exists():
        return _missing(folder)
    if problem := _problem_of(folder / "check"):
        return Finding("spool", False, f"{folder} cannot be written: {problem}")
    return Finding("spool", True, f"{folder} can be written and outlives a power cut")


def _problem_of(trial: Path) -> str:
    """Why this file could not be written; empty when it was. Nothing of it is left."""
    try:
        try:
            write_durably(trial, b"x")
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _metrics(named: str) -> Finding:
    """Without the file an agent works, but `status` takes it for one that does not run."""
    if not named:
        return Finding(
            "metrics", True, "log.metrics_file is empty: none, and causeway-edge status cannot tell that the agent runs"
        )
    path = Path(named)
    if path.parent == Path(LogSettings().metrics_file).parent and not path.parent.exists():
        return Finding("metrics", True, f"{path.parent} is not there yet; the unit causeway-edge.service makes it")
    problem = "it is a folder" if path.is_dir() else _problem_of(path.with_name(path.name + ".check"))
    if not problem:
        return Finding("metrics", True, f"{path} can be written")
    return Finding(
        "metrics",
        False,
        f"{path} cannot be written: {problem}. Make its folder for this user (install -d -o USER {path.parent}), or mend log.metrics_file",
    )


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
    words = f"{page.mac}, version {page.version}, devices: {listed or 'none'}"
    usual = Wanted((), BoxSettings().exclude)
    if any(map(usual.takes, page.devices)) and not any(map(wanted.takes, page.devices)):
        words += (
            ". None of them is heard: mend box.devices and box.exclude (devices wanted from afar, by causeway gateway configure, "
            "count instead of box.devices)"
        )
        return Finding("box", False, words)
    return Finding("box", True, words)


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
        return False, _not_used(gateway, verdict.why if isinstance(verdict, Later) else type(verdict).__name__)
    try:
        gateway.configuration(spool)
    except GatewayError as error:
        if error.why != "status_403":
            return False, _trouble(error.why, str(error))
        return (
            False,
            "has another spool for this Box: this one was copied, restored or made anew; enrol again if it is the right one",
        )
    return True, f"has this Box's events up to {verdict.through}"


def _not_used(gateway: Gateway, why: str) -> str:
    """A call tells a sender only a word; a second one, where that is quick, what the network or the certificate had to say."""
    if why not in ("tls", "certificate", "network"):
        return _trouble(why)
    try:
        gateway.configuration()
    except GatewayError as error:
        return _trouble(error.why, str(error))
    return "could not be reached at first, and then could: try again"


def _trouble(why: str, detail: str = "") -> str:
    """What kept the gateway from being used, and what to do. why: a GatewayError's or Later's."""
    if (words := _TROUBLES.get(why)) is None:
        status = why.removeprefix("status_")
        if status == "429" or (status.startswith("5") and status != why):
            words = f"answers {status}: it has too much to do, or cannot reach Kafka. Events are kept meanwhile; its log says more"
        else:
            answer = f"answers {status}" if status != why else "answers something else"
            words = f"{answer}, as no gateway of this version does: another server stands there, or the address is not all of it. {_MEND}"
    return f"{words} ({detail})" if detail else words


def _kafka(settings: Settings) -> list[Finding]:
    from edge_iotbox.kafka_sender import check_kafka

    good, words = check_kafka(settings.kafka)
    return [Finding("kafka", good, words)]
