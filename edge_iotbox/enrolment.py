"""What enrolment leaves on the Box: its credential and its name, in one file only the agent may read."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from edge_iotbox.numbers import write_durably

NAME = "enrolment.json"


class EnrolmentError(RuntimeError):
    """There is no credential that could be used: says what to do."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`token` is a secret: never shown."""

    token: str
    box: str

    def __repr__(self) -> str:
        return f"Enrolment(box={self.box!r})"


def enrolment_path(folder: Path, named: str) -> Path:
    """The file of the settings, or the one in the spool's folder."""
    return Path(named) if named else folder / NAME


def read_enrolment(path: Path) -> Enrolment:
    """Raises EnrolmentError: none there, unreadable, or open to others."""
    try:
        if os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise EnrolmentError(f"{path} can be read by others: chmod 600 it")
        found = json.loads(path.read_text(encoding="utf-8"))
        enrolment = Enrolment(found["token"], found["box"])
    except FileNotFoundError as error:
        raise EnrolmentError(f"{path} is not there: run `causeway-edge enrol CODE`") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EnrolmentError(f"{path} cannot be read: run `causeway-edge enrol CODE` again") from error
    if not (isinstance(enrolment.token, str) and enrolment.token and isinstance(enrolment.box, str) and enrolment.box):
        raise EnrolmentError(f"{path} is not what enrolment writes: run `causeway-edge enrol CODE` again")
    return enrolment


def write_enrolment(path: Path, enrolment: Enrolment) -> None:
    """Durable, and for its owner only. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, json.dumps({"token": enrolment.token, "box": enrolment.box}).encode(), 0o600)


def check_writable(path: Path) -> None:
    """Tries the card with as much as a credential takes, through fsync; nothing of it is left. Raises EnrolmentError: says what to mend."""
    trial = path.with_name(path.name + ".trial")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            write_durably(trial, b" " * 2048)
        finally:
            for left in (trial, trial.with_name(trial.name + ".new")):
                left.unlink(missing_ok=True)
    except OSError as error:
        raise EnrolmentError(
            f"{path.parent} cannot be written ({error.strerror}): make it writable for this user (mount -o remount,rw, chown, room on the card), "
            "then type the same code; it was not used"
        ) from error


class Credential:
    """The token as the file has it now: a new enrolment is seen without a restart. Is the file gone, the last one goes on counting here, so that a
    spool whose folder was deleted can still be sent."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp, self._token = path, 0, ""

    def token(self) -> str:
        """Empty while there is none: the gateway answers 401 then, and the spool keeps all."""
        self.renewed()
        return self._token

    def renewed(self) -> bool:
        """Whether the file is another than the last time."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp == self._stamp:
                return False
            self._token = read_enrolment(self._path).token
        except OSError:
            stamp = 0
        except EnrolmentError:
            stamp, self._token = 0, ""
        was, self._stamp = self._stamp, stamp
        return was != stamp
