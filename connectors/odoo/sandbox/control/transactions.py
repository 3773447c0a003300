"""Long transactions on request: calls that start now and commit later, while others go on."""

from __future__ import annotations

import threading
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.odoo.sandbox.control.client import HandError, Hands
from connectors.odoo.sandbox.engine.holds import NEVER_HELD, Holds, OpenTransaction, Outcome

WAIT_SECONDS = 10.0


class Hold(BaseModel):
    """Which calls are held (`*` = any), for how long (None: until released), how they end, for how many calls the rule
    is good (None: all), and which share of them it takes."""

    model_config = ConfigDict(extra="forbid")
    model: str = "*"
    method: str = "*"
    seconds: float | None = Field(default=None, gt=0)
    outcome: Outcome = "commit"
    times: int | None = Field(default=1, gt=0)
    rate: float = Field(default=1.0, gt=0, le=1)


class Release(BaseModel):
    """transactions: ids, None = all open ones. outcome: instead of the rule's."""

    model_config = ConfigDict(extra="forbid")
    transactions: list[int] | None = None
    outcome: Outcome | None = None


class Begin(BaseModel):
    """A call of the sandbox's own that is held until it is released."""

    model_config = ConfigDict(extra="forbid")
    model: str
    method: str
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    outcome: Literal["commit", "rollback"] = "commit"


def hold(holds: Holds, body: Hold) -> dict[str, Any]:
    """{"rule": id}"""
    if body.model in NEVER_HELD:
        raise HandError(f"calls on {body.model} cannot be held")
    return {"rule": holds.add(**body.model_dump()).id}


def wait_open(holds: Holds, rule: int, seconds: float) -> dict[str, Any]:
    """The open transaction of this rule. Raises HandError when there is none in time."""
    found = holds.wait_open(rule, seconds)
    if found is None:
        raise HandError(f"no open transaction of rule {rule} within {seconds} s")
    return found.as_json()


def release(holds: Holds, body: Release) -> dict[str, Any]:
    """{"transactions": [...]}, each as it has ended."""
    chosen = holds.release(body.transactions, body.outcome, WAIT_SECONDS)
    return {"transactions": [one.as_json() for one in chosen]}


def begin(hands: Hands, holds: Holds, body: Begin) -> dict[str, Any]:
    """The open transaction. Raises what the call raised when it failed before it could be held."""
    if (body.model in NEVER_HELD) or body.model == "*":
        raise HandError("name a model whose calls can be held")
    rule = holds.add(model=body.model, method=body.method, outcome=body.outcome)
    failed: list[BaseException] = []
    settled = threading.Event()

    def run() -> None:
        try:
            hands.call(body.model, body.method, *body.args, **body.kwargs)
        except Exception as error:  # noqa: BLE001 - shown to whoever asked, as long as they are there
            failed.append(error)
        settled.set()

    threading.Thread(target=run, name="sandbox-open-transaction", daemon=True).start()
    opened = _opened(holds, rule.id, settled)
    if opened is None:
        raise failed[0] if failed else HandError("the call changed nothing, so there is nothing to hold")
    return opened.as_json()


def _opened(holds: Holds, rule: int, settled: threading.Event) -> OpenTransaction | None:
    for _ in range(int(WAIT_SECONDS * 100)):
        found = holds.wait_open(rule, 0.01)
        if found is not None or settled.is_set():
            return found
    return None
