"""Beside the spool: how far its numbers may have gone. When the spool is lost, this says where surely new ones begin.

`numbers.json` holds {"reserved": R, "acked": A}: no event ever had a number above R, and all up to A were safe at the other side. R is
written ahead in blocks, so the file changes once in a block. It is written whole beside its place and moved there, both with fsync: after a
power cut it is the old one or the new one.
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK = 1000
NAME = "numbers.json"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the file says."""

    reserved: int
    acked: int


def read_numbers(folder: Path) -> Numbers | None:
    """The file's content; None when there is none that can be read."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        numbers = Numbers(reserved=found["reserved"], acked=found["acked"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all(
        isinstance(number, int) and not isinstance(number, bool) for number in (numbers.reserved, numbers.acked)
    )
    return numbers if whole and 0 <= numbers.acked <= numbers.reserved else None


def write_numbers(folder: Path, numbers: Numbers) -> None:
    """Durable once it returns. Raises OSError."""
    write_durably(folder / NAME, json.dumps({"reserved": numbers.reserved, "acked": numbers.acked}).encode())


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """A small file, old or new after a power cut, never half. Raises OSError: the old one stays then, and nothing beside it; where only the folder
    could not be made durable, the new one is there, and a power cut may bring the old one back."""
    beside = path.with_name(path.name + ".new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            _write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            beside.unlink()  # on a full card others need its room
        raise
    sync_folder(path.parent)


def _write_all(handle: int, content: bytes) -> None:
    """A card with room for a part takes that part without an error (write(2)); only the next call says that it is full."""
    left = memoryview(content)
    while left:
        taken = os.write(handle, left)
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left = left[taken:]


def sync_folder(folder: Path) -> None:
    """Makes names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
