"""The names by which the gateway tells this spool from a copy of it (`streams.gateway.spools` has the other half).

With each start of the agent the spool takes a new random name, and has it on the card before the gateway hears it. A copy can only know the names
of before: as soon as one of the two has started and called, the other is known as the other. `lineage.json` lies beside the spool:
{"names": [oldest, ..., newest], "settled": a digest of the credential under which the gateway and this spool have agreed on how far the Box is}.
When a name has been heard, those before it are over; while the gateway is away they gather, for each may have been heard and its answer lost.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_iotbox.numbers import write_durably
from schemas.edge_contract import MAX_SPOOL_NAMES, NO_SPOOL, ContractError, spool_names

NAME = "lineage.json"
_NAME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file says: names, the newest last."""

    names: tuple[str, ...] = ()
    settled: str = ""

    @property
    def header(self) -> str:
        """As the gateway is told: the newest first."""
        return " ".join(reversed(self.names)) or NO_SPOOL


class Lineage:
    """Of the spool in this folder, for one start of the agent."""

    def __init__(self, folder: Path, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._path, self._random_bytes = folder / NAME, random_bytes
        self._kept: Kept | None = None

    def header(self) -> str:
        """What to tell with each call. The first time, this start's name is made and kept. Raises OSError where it cannot be."""
        if self._kept is None:
            before = read_lineage(self._path.parent)
            names = (*before.names, self._random_bytes(_NAME_BYTES).hex())
            # The oldest is the one that was surely heard; of very many in between some may go.
            names = names if len(names) <= MAX_SPOOL_NAMES else (names[0], *names[1 - MAX_SPOOL_NAMES :])
            self._keep(Kept(names, before.settled))
        return self._now.header

    def heard(self) -> None:
        """The gateway knows this start's name. Raises OSError."""
        if len(self._now.names) > 1:
            self._keep(Kept(self._now.names[-1:], self._now.settled))

    def is_settled(self, token: str) -> bool:
        """Whether what lies in the spool has been held against what the gateway had of the Box before this credential."""
        return self._now.settled == _digest(token)

    def settled(self, token: str) -> None:
        """It has. Raises OSError."""
        if not self.is_settled(token):
            self._keep(Kept(self._now.names, _digest(token)))

    @property
    def _now(self) -> Kept:
        return self._kept or read_lineage(self._path.parent)

    def _keep(self, kept: Kept) -> None:
        write_durably(self._path, json.dumps({"names": list(kept.names), "settled": kept.settled}).encode())
        self._kept = kept


def read_lineage(folder: Path) -> Kept:
    """What is kept there; nothing where it cannot be read: the gateway asks for a new enrolment then."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        names = tuple(str(name) for name in found["names"])
        spool_names(Kept(names).header)
        return Kept(names, str(found["settled"]))
    except (OSError, ValueError, KeyError, TypeError, ContractError):
        return Kept()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]
