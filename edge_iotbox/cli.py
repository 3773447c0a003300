"""`causeway-edge`: run the agent beside an IoT Box, check a setup, see how it is, enrol it at a gateway."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from edge_iotbox.alone import InUseError
from edge_iotbox.box import Box, BoxError
from edge_iotbox.clock import SystemClock
from edge_iotbox.enrolment import Enrolment, EnrolmentError, check_writable, enrolment_path, write_enrolment
from edge_iotbox.gateway import Gateway, GatewayError
from edge_iotbox.health import read_info, read_metrics
from edge_iotbox.settings import Settings, SettingsError, load_settings
from edge_iotbox.spool_store import NAME as SPOOL_FILE
from edge_iotbox.spool_store import SpoolDamagedError, SpoolFullError
from edge_iotbox.verdicts import TIMEOUT

WRONG = 2


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="causeway-edge", description=__doc__)
    options.add_argument(
        "--config", type=Path, help="settings, an INI file (default: /etc/causeway/edge.ini if it is there)"
    )
    commands = options.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="listen and send until stopped")
    run.add_argument(
        "--volatile-spool-allowed", action="store_true", help="begin although the spool's folder is memory"
    )
    commands.add_parser(
        "check", help="try everything once: settings, spool, Box, gateway; exit code 1 when something is wrong"
    )
    status = commands.add_parser("status", help="how the agent here is")
    status.add_argument("--json", action="store_true", help="as JSON")
    enrol = commands.add_parser("enrol", help="get this Box's credential with a one-time code")
    enrol.add_argument("code", nargs="?", help="from `causeway gateway enrol BOX`; asked for when missing")
    enrol.add_argument("--name", default="", help="what people call this Box")
    return options


def main(argv: Sequence[str] | None = None) -> int:
    args = parser().parse_args(argv)
    try:
        settings = load_settings(args.config, os.environ)
        _log(settings)
        match args.command:
            case "run":
                return _run(settings, args.volatile_spool_allowed)
            case "check":
                return _check(settings)
            case "status":
                return _status(settings, args.json)
            case _:
                return _enrol(settings, args.code, args.name)
    except (SettingsError, EnrolmentError, InUseError, GatewayError, BoxError, OSError, ValueError) as error:
        sys.stderr.write(f"causeway-edge: {error}\n")
        return WRONG
    except (sqlite3.Error, SpoolDamagedError, SpoolFullError) as error:
        sys.stderr.write(f"causeway-edge: the spool in {settings.spool.folder}: {error}\n")
        return WRONG


def version() -> str:
    """Of the installed distribution. Its name on disk tells it, which spares a Box the megabyte that importlib.metadata takes."""
    for place in Path(__file__).parent.parent.glob("causeway-*.dist-info"):
        return place.name.removeprefix("causeway-").removesuffix(".dist-info")
    return "unknown"


def _log(settings: Settings) -> None:
    """To standard error, where the journal takes it; the journal has its own times."""
    form = (
        "%(levelname)s %(name)s %(message)s"
        if "JOURNAL_STREAM" in os.environ
        else "%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.basicConfig(level=settings.log.level, format=form, stream=sys.stderr, force=True)


def _run(settings: Settings, volatile_allowed: bool) -> int:
    from edge_iotbox.agent import Agent

    if volatile_allowed:
        settings = replace(settings, spool=replace(settings.spool, volatile_allowed=True))
    return Agent(settings, SystemClock(settings.log.clock_always_trusted), version()).run()


def _check(settings: Settings) -> int:
    from edge_iotbox.checking import check_all

    sys.stdout.write(json.dumps(asdict(settings), indent=1, default=str) + "\n")
    findings = check_all(settings, SystemClock(settings.log.clock_always_trusted))
    for finding in findings:
        sys.stdout.write(f"{'ok   ' if finding.good else 'WRONG'}  {finding.what}: {finding.words}\n")
    return 0 if all(finding.good for finding in findings) else 1


def _status(settings: Settings, as_json: bool) -> int:
    """From the metrics file and the spool; asks nobody. Exit code 1 when no agent seems to run here."""
    path = Path(settings.log.metrics_file) if settings.log.metrics_file else None
    known: dict[str, float | str] = {}
    if path is not None and path.exists():
        text = path.read_text(encoding="utf-8")
        known |= {name.removeprefix("causeway_edge_"): value for name, value in read_metrics(text).items()}
        known["sending_state"] = read_info(text).get("sending", "")
        known["age_seconds"] = round(max(0.0, time.time() - path.stat().st_mtime), 1)
    known |= _spool_now(settings.spool.folder / SPOOL_FILE)
    age = known.get("age_seconds")
    running = isinstance(age, float) and age < 3 * settings.log.metrics_seconds + 5
    known["running"] = "yes" if running else "no"
    lines = [
        f"{name:24} {value:.12g}" if isinstance(value, float) else f"{name:24} {value}" for name, value in known.items()
    ]
    sys.stdout.write(json.dumps(known) + "\n" if as_json else "\n".join(lines) + "\n")
    return 0 if running else 1


def _spool_now(path: Path) -> dict[str, float | str]:
    if not path.exists():
        return {"spool": "none"}
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            events, size = database.execute("SELECT count(*), coalesce(sum(size), 0) FROM events").fetchone()
        finally:
            database.close()
    except sqlite3.Error as error:
        return {"spool": f"cannot be read: {error}"}
    return {"spool_events": float(events), "spool_bytes": float(size)}


def _enrol(settings: Settings, code: str | None, name: str) -> int:
    send = settings.send
    if not send.gateway:
        raise SettingsError("send.gateway: set the address of `causeway gateway` first")
    if code is None:
        sys.stderr.write("code: ")
        sys.stderr.flush()
        code = sys.stdin.readline().strip()
    gateway = Gateway(send.gateway, lambda: "", Path(send.ca_file) if send.ca_file else None, send.timeout_seconds)
    box = settings.box.identifier or _mac_of_box(settings.box.url)
    path = enrolment_path(settings.spool.folder, send.token_file)
    check_writable(path)
    try:
        token, _, _ = gateway.enrol(code, box, name, version())
    except GatewayError as error:
        raise EnrolmentError(_why_not(error, settings, box)) from error
    finally:
        gateway.close()
    try:
        write_enrolment(path, Enrolment(token, box))
    except OSError as error:
        raise EnrolmentError(
            f"{path} could not be written ({error.strerror}), and the code is used: make it writable, ask for a new code "
            f"(causeway gateway enrol {box}), and type that"
        ) from error
    sys.stdout.write(f"enrolled {box}; the credential is in {path}\n")
    return 0


def _why_not(error: GatewayError, settings: Settings, box: str) -> str:
    """What the gateway said; where it refused the code, for which Box it was shown, and how a code for it is made."""
    if error.why in (TIMEOUT, "network") or error.why.startswith("status_5"):
        return (
            f"{error}. The code may be used all the same: type it once more; if it is refused then, make a new one "
            f"(causeway gateway enrol {box})"
        )
    if error.why != "status_403":
        return str(error)
    known_by = (
        "box.identifier" if settings.box.identifier else f"the MAC address the IoT Box at {settings.box.url} tells"
    )
    meant = f"made for {error.expected}, not" if error.expected else "refused"
    return (
        f"{error}. The code was {meant} for {box} ({known_by}). Make one for exactly this Box (causeway gateway enrol {box}), "
        "or set box.url or box.identifier to the Box it was made for"
    )


def _mac_of_box(url: str) -> str:
    """What the Box calls itself. Raises SettingsError: says how to go on without it."""
    do = "set box.identifier to its MAC address to enrol without it"
    asked = Box(url, SystemClock().now)
    try:
        mac = asked.homepage().mac
    except BoxError as error:
        raise SettingsError(
            f"the IoT Box at {url} (box.url) does not answer: {error}. Start it, mend box.url, or {do}; the code was not used"
        ) from error
    finally:
        asked.close()
    if not mac:
        raise SettingsError(f"the IoT Box at {url} does not tell its MAC address; {do}")
    return mac
