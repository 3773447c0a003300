"""Messages the other side sends by itself, signed (SEC-5): what changed is fetched, nothing else of them is believed.

A message says which things to fetch, and is answered well only when that wish is safe in Kafka. It may come twice, late and in any order; what it
says of a state may be old by then, so the state is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.kit.ports import Problem


class UnreadableError(ValueError):
    """It is signed rightly and cannot be read. The text names the field, and has nothing of what stands there."""


class WrongSignatureError(ValueError):
    """It is signed wrongly, or not at all."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One message.

    id      the same for every try of it
    kind    its type as the other side calls it
    born    when it was made, aware UTC; None when it does not say
    wanted  flow of the source -> the ids to fetch
    odd     of a type that means nothing to us: what becomes a dead letter, in the name of `Pushes.flow`
    alert   for the log, where it tells of something that a person has to do, for example `reauthorise`
    """

    id: str
    kind: str
    born: datetime | None
    wanted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    odd: Problem | None = None
    alert: str = ""


@dataclass(frozen=True, slots=True)
class Pushes:
    """Where messages are listened for: `/webhooks/SOURCE/ACCOUNT`.

    host, port  to listen on
    accounts    those that messages may be for
    window      older ones are refused, so that none is played to us again; the other side keeps them for its replay
    ahead       so far its clock may be before ours
    flow        whose dead letters its odd messages are
    read        account, body, query of the address -> the message. Raises WrongSignatureError before anything of it is believed, ValueError for one
                that cannot be read, UnreadableError where it can say why. Pure, quick, and safe with whatever comes
    """

    host: str
    port: int
    accounts: frozenset[str]
    window: timedelta
    ahead: timedelta
    flow: str
    read: Callable[[str, bytes, str], Pushed]
