"""A card whose power is cut: what the files may hold afterwards, sector by sector.

What has been through fsync is there. Of what was written since, each sector may have arrived or not, in any order; a file may have grown without
its content (zeros), and the sector being written may be noise. SQLite syncs the log before a checkpoint writes the file, the file before the log
begins anew, and the new log's header before its content; numbers.json is synced before anything relies on it: a later thing is never on the card
without the earlier one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from edge_iotbox.numbers import NAME as NUMBERS
from edge_iotbox.spool_store import NAME

SECTOR = 512
HEADER = 32  # of a WAL file
WAL = f"{NAME}-wal"
Files = dict[str, bytes]


def read_files(folder: Path) -> Files:
    """What lies in the folder now, as the programs see it. The -shm file is memory, no card ever has it."""
    return {name: (folder / name).read_bytes() for name in (NAME, WAL, NUMBERS) if (folder / name).exists()}


def write_files(folder: Path, files: Files) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*"):
        if path.is_file():
            path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


@dataclass
class Card:
    """`durable`: what has been through fsync."""

    folder: Path
    durable: Files

    def synced(self) -> None:
        self.durable = read_files(self.folder)

    def cut(self, chance: random.Random, step: str) -> Files:
        """The files after a cut within that step, which the programs have just finished: `append`, `acknowledge`, `checkpoint`, ..."""
        now, before = read_files(self.folder), self.durable
        torn = dict(before)
        if now.get(NUMBERS) != before.get(NUMBERS):
            if chance.random() < 0.5:
                return torn
            torn[NUMBERS] = now[NUMBERS]
        if step == "checkpoint" and chance.random() < 0.7:
            torn[WAL] = now.get(WAL, b"")
            torn[NAME] = tear(before.get(NAME, b""), now[NAME], chance)
        else:
            torn[WAL] = torn_log(before.get(WAL, b""), now.get(WAL, b""), chance)
        return torn


def torn_log(before: bytes, after: bytes, chance: random.Random) -> bytes:
    """When a log begins anew after a checkpoint, SQLite syncs its new header before it overwrites what the old one counted (wal.c, syncHeader)."""
    if before[:HEADER] == after[:HEADER]:
        return tear(before, after, chance)
    renewed = after[:HEADER] + before[HEADER:]
    if chance.random() < 0.3:
        return chance.choice((before, renewed, chance.randbytes(HEADER) + before[HEADER:]))
    return tear(renewed, after, chance)


def tear(before: bytes, after: bytes, chance: random.Random) -> bytes:
    """Some sectors of the one, some of the other."""
    arrived, noise = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0)), chance.random() < 0.3
    longest = max(len(before), len(after))
    length = chance.choice((len(before), len(after), chance.randrange(longest + 1)))
    length = max(length, min(len(before), len(after)))
    result = bytearray()
    for start in range(0, length, SECTOR):
        old, new = before[start : start + SECTOR], after[start : start + SECTOR]
        sector = old
        if old != new:
            sector = new if chance.random() < arrived else (old or bytes(SECTOR))
            if noise and chance.random() < 0.2:
                sector, noise = chance.randbytes(len(new) or SECTOR), False
        result += sector.ljust(min(SECTOR, length - start), b"\0")
    return bytes(result[:length])
