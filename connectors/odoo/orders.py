"""Writes orders, a chunk at a time, in few calls, and says of each what became of it.

Ordered work; each step takes what the one before left standing, and an error takes one order out, not the chunk:

    1  customers and addresses
    2  load the orders (create-if-absent), read them back
    3  decide by what stands there (`changes`)
    4  cancel; write headers and lines; read back, and compare totals to the cent (ORD-6)
    5  confirm; put the order date back, which confirming overwrites; lock
    6  read the states once more: only what stands in Odoo counts
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from connectors.kit.errors import ConnectorError, RetryError, RuleError, StopError, TransientError
from connectors.kit.ports import Outcome, Result
from connectors.odoo.changes import READ, READ_LINE, Seen, Steps, line_commands, mismatch, stamp, steps_for
from connectors.odoo.client import Odoo
from connectors.odoo.handling import failure
from connectors.odoo.loading import CONTEXT, load
from connectors.odoo.partners import Parties, ensure_parties
from connectors.odoo.references import Resolved
from connectors.odoo.rows import columns, line_cells, line_columns, order_rows
from connectors.odoo.settings import Stage

logger = logging.getLogger(__name__)

MODEL = "sale.order"
# No chatter messages; cancelling without the wizard that would only ask; open deliveries follow a changed address.
WRITE = {"tracking_disable": True, "tz": "UTC", "lang": "en_US"}
CANCEL = {**WRITE, "disable_cancel_warning": True}
READDRESS = {**WRITE, "update_delivery_shipping_partner": True}
_WANTED = {Stage.CANCELLED: "cancelled", Stage.CONFIRMED: "confirmed", Stage.LOCKED: "locked"}


class Job:
    """One order on its way. `error` set = out of it; `did` = codes of what was done."""

    __slots__ = ("did", "error", "order", "parties", "seen", "steps")

    def __init__(self, order: Resolved) -> None:
        self.order = order
        self.parties: Parties | None = None
        self.seen: Seen | None = None
        self.steps = Steps()
        self.error: ConnectorError | None = None
        self.did: list[str] = []

    @property
    def id(self) -> int:
        assert self.seen is not None
        return self.seen.id


class Orders:
    """Writes chunks. `services`: the products of charges; `is_captured`: what changes in Odoo is told to the marketplace."""

    def __init__(self, odoo: Odoo, services: Callable[[], frozenset[int]], *, is_captured: bool = False) -> None:
        self._odoo, self._services, self._is_captured = odoo, services, is_captured
        self._may_ask_analytics = True

    async def write(self, orders: Sequence[Resolved]) -> list[Outcome]:
        """One outcome for each order, in order. Raises ConnectorError only for what failed before any order was written."""
        jobs = [Job(order) for order in orders]
        await self._parties(jobs)
        await self._load(jobs)
        self._decide(jobs)
        await self._cancel(_standing(jobs))
        await self._change(_standing(jobs))
        await self._confirm([job for job in _standing(jobs) if job.steps.confirm])
        await self._redate([job for job in _standing(jobs) if job.steps.redate])
        await self._lock([job for job in _standing(jobs) if job.steps.lock and not _seen(job).locked])
        await self._look_again([job for job in _standing(jobs) if set(job.did) - {"created"}])
        return [outcome_of(job) for job in jobs]

    # ---- 1, 2: what is there

    async def _parties(self, jobs: Sequence[Job]) -> None:
        for job, parties in zip(jobs, await ensure_parties(self._odoo, [job.order for job in jobs]), strict=True):
            if isinstance(parties, ConnectorError):
                job.error = parties
            else:
                job.parties = parties

    async def _load(self, jobs: Sequence[Job]) -> None:
        newest: list[int] = await self._odoo.ask(MODEL, "search", [], order="id desc", limit=1)
        groups: dict[tuple[str, ...], list[Job]] = defaultdict(list)
        for job in jobs:
            if job.error is None:
                groups[tuple(column for column, _ in job.order.optional)].append(job)
        blank = await self._blank_fields()
        ids: dict[int, Job] = {}
        for optional, group in groups.items():
            records = [order_rows(job.order, _parties(job), blank) for job in group]
            for job, one in zip(group, await load(self._odoo, MODEL, columns(optional, blank), records), strict=True):
                if isinstance(one, ConnectorError):
                    job.error = one
                else:
                    ids[one] = job
        await self._read(ids, made_after=max(newest, default=0))

    async def _blank_fields(self) -> tuple[str, ...]:
        """Without any analytic distribution model Odoo still searches one for every line, a third of all the time an order takes (measured).

        Said to be empty, it searches none. Where there are some, or we may not know, Odoo decides.
        """
        model = "account.analytic.distribution.model"
        if self._may_ask_analytics:
            try:
                return () if await self._odoo.ask(model, "search_count", []) else ("analytic_distribution",)
            except StopError:
                self._may_ask_analytics = False
        return ()

    async def _read(self, ids: dict[int, Job], made_after: int | None = None) -> None:
        if not ids:
            return
        rows = {row["id"]: row for row in await self._odoo.ask(MODEL, "read", sorted(ids), fields=list(READ))}
        for one, job in ids.items():
            if one not in rows:
                job.error = TransientError("the order was deleted in Odoo while it was written")
                continue
            made = one > made_after if made_after is not None else bool(job.seen and job.seen.made)
            job.seen = Seen.of(rows[one], made=made)
            if made and made_after is not None:
                job.did.append("created")

    # ---- 3: decide

    def _decide(self, jobs: Sequence[Job]) -> None:
        for job in _standing(jobs):
            plan, seen = job.order.plan, _seen(job)
            job.steps = steps_for(plan, _parties(job), seen, is_captured=self._is_captured)
            job.error = job.steps.refusal
            if seen.made and plan.stage is not Stage.CANCELLED:
                self._compare(job)

    @staticmethod
    def _compare(job: Job) -> None:
        if problem := mismatch(job.order.plan, _seen(job)):
            job.error = RuleError(f"{problem}; left as it is, not confirmed")

    # ---- 4: cancel and change

    async def _cancel(self, jobs: Sequence[Job]) -> None:
        await self._act("action_cancel", CANCEL, [job for job in jobs if job.steps.cancel], "cancelled")

    async def _change(self, jobs: Sequence[Job]) -> None:
        lines = [job for job in jobs if job.steps.lines]
        commands = await self._line_commands(lines)
        changed = []
        for job in jobs:
            values = {**job.steps.header, **({"order_line": commands[job]} if commands.get(job) else {})}
            if not values or job.error is not None:
                continue
            try:
                await self._odoo.tell(MODEL, "write", [job.id], values, context=READDRESS)
                job.did.append("changed")
                changed.append(job)
            except ConnectorError as error:
                job.error = error
        await self._read({job.id: job for job in changed or []})
        for job in lines:
            if job.error is None:
                self._compare(job)

    async def _line_commands(self, jobs: Sequence[Job]) -> dict[Job, list[list[Any]]]:
        """Which records the planned lines are is known by loading them: present ones are left alone, missing ones are added."""
        records = [
            [[job.id, *line_cells(line, position)]] for job in jobs for position, line in enumerate(job.order.lines)
        ]
        loaded = iter(await load(self._odoo, "sale.order.line", line_columns(), records))
        ids: dict[Job, list[int]] = {}
        for job in jobs:
            ids[job] = []
            for one in [next(loaded) for _ in job.order.lines]:
                if isinstance(one, ConnectorError):
                    job.error = one
                else:
                    ids[job].append(one)
        rows = defaultdict(list)
        if jobs:
            domain = [["order_id", "in", [job.id for job in jobs]], ["display_type", "=", False]]
            for row in await self._odoo.rows("sale.order.line", domain, READ_LINE):
                rows[row["order_id"][0]].append(row)
        return {
            job: line_commands(job.order.lines, ids[job], rows[job.id], self._services())
            for job in jobs
            if job.error is None
        }

    # ---- 5: confirm, date, lock

    async def _confirm(self, jobs: Sequence[Job]) -> None:
        await self._act("action_confirm", WRITE, jobs, "confirmed")

    async def _redate(self, jobs: Sequence[Job]) -> None:
        """One call for many dates: an import by database id."""
        if not jobs:
            return
        rows = [[job.id, stamp(job.order.plan.ordered_at)] for job in jobs]
        try:
            answer = await self._odoo.tell(
                MODEL, "load", [".id", "date_order"], rows, context={**CONTEXT, "noupdate": False}
            )
        except ConnectorError as error:
            _fail(jobs, error)
            return
        if not answer["ids"]:
            _fail(jobs, TransientError("the order date could not be put back after confirming"))

    async def _lock(self, jobs: Sequence[Job]) -> None:
        await self._act("action_lock", WRITE, jobs, "locked")

    async def _act(self, method: str, context: dict[str, Any], jobs: Sequence[Job], did: str) -> None:
        """One call for all. When that is refused or its answer lost, look which got there anyway (another writer may have been quicker);
        after a refusal the rest is tried one by one, so that one order does not keep the others back."""
        if not jobs:
            return
        try:
            await self._odoo.tell(MODEL, method, [job.id for job in jobs], context=context)
        except ConnectorError as error:
            await self._read({job.id: job for job in jobs})
            waiting = [job for job in jobs if job.error is None and not _is(did, _seen(job))]
            logger.info("odoo_action_failed method=%s orders=%d waiting=%d", method, len(jobs), len(waiting))
            if len(jobs) == 1 or isinstance(error, RetryError):
                _fail(waiting, error)
            else:
                for job in waiting:
                    await self._act(method, context, [job], did)
                jobs = [job for job in jobs if job not in waiting]
        for job in jobs:
            if job.error is None:
                job.did.append(did)

    # ---- 6: what counts

    async def _look_again(self, jobs: Sequence[Job]) -> None:
        await self._read({job.id: job for job in jobs})
        for job in _standing(jobs):
            wanted = _WANTED.get(job.order.plan.stage)
            if wanted and not _is(wanted, _seen(job)):
                job.error = RuleError(f"not {wanted}: Odoo left the order in state {_seen(job).state}")


def outcome_of(job: Job) -> Outcome:
    """What to report of a job that is through."""
    if job.error is not None:
        return failure(job.error)
    result = Result.APPLIED if job.did else Result.ALREADY_APPLIED
    return Outcome(
        result,
        remote_model=MODEL,
        remote_id=str(job.id),
        notes=tuple(dict.fromkeys([*job.did, *filter(None, [job.steps.note])])),
    )


def _is(wanted: str, seen: Seen) -> bool:
    """Whether an order is cancelled, confirmed or locked."""
    if wanted == "locked":
        return seen.state == "sale" and seen.locked
    return seen.state == ("cancel" if wanted == "cancelled" else "sale")


def _standing(jobs: Iterable[Job]) -> list[Job]:
    return [job for job in jobs if job.error is None]


def _fail(jobs: Iterable[Job], error: ConnectorError) -> None:
    for job in jobs:
        job.error = error


def _seen(job: Job) -> Seen:
    assert job.seen is not None
    return job.seen


def _parties(job: Job) -> Parties:
    assert job.parties is not None
    return job.parties
