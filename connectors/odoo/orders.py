"""Writes orders, a chunk at a time, in few calls, and says of each what became of it.

Ordered work; each step takes what the one before left standing, and an error takes one order out, not the chunk:

    1  customers and addresses
    2  load the orders (create-if-absent), read them back; of those that stood already the lines, and what a person lowered of them (`line_changes`)
    3  decide by what stands there (`changes`)
    4  cancel; tell what a person lowered; write headers and lines; read back, and compare totals to the cent (ORD-6)
    5  confirm; put the order date back, which confirming overwrites; lock
    6  read the states once more: only what stands in Odoo counts
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.kit.errors import ConnectorError, RetryError, RuleError, StopError, TransientError
from connectors.kit.ports import Canonical, Outcome, Result
from connectors.odoo.changes import READ, Seen, Steps, mismatch, stamp, steps_for
from connectors.odoo.client import Odoo
from connectors.odoo.handling import failure
from connectors.odoo.line_changes import Kept, Standing, kept_order, line_commands, missing, words_of
from connectors.odoo.loading import CONTEXT, load
from connectors.odoo.order_lines import LINE, OrderLines
from connectors.odoo.partners import Parties, ensure_parties
from connectors.odoo.references import Resolved
from connectors.odoo.rows import columns, line_cells, line_columns, order_rows
from connectors.odoo.settings import Stage
from schemas.records import Conflict

logger = logging.getLogger(__name__)

MODEL = "sale.order"
# No chatter messages; cancelling without the wizard that would only ask; open deliveries follow a changed address.
WRITE = {"tracking_disable": True, "tz": "UTC", "lang": "en_US"}
CANCEL = {**WRITE, "disable_cancel_warning": True}
READDRESS = {**WRITE, "update_delivery_shipping_partner": True}
# A confirmed order's lines cannot be deleted, those of one that was cancelled and made a quotation again can.
_MAY_LOSE_LINES = (Stage.QUOTATION, Stage.CONFIRMED)
_WANTED = {Stage.CANCELLED: "cancelled", Stage.CONFIRMED: "confirmed", Stage.LOCKED: "locked"}


class Job:
    """One order on its way. `error` set = out of it; `did` = codes of what was done; `kept` = what a person lowered, `told` now for the first
    time."""

    __slots__ = ("did", "error", "kept", "order", "parties", "seen", "standing", "steps", "told")

    def __init__(self, order: Resolved) -> None:
        self.order = order
        self.parties: Parties | None = None
        self.seen: Seen | None = None
        self.standing = Standing()
        self.kept: tuple[Kept, ...] = ()
        self.told = False
        self.steps = Steps()
        self.error: ConnectorError | None = None
        self.did: list[str] = []

    @property
    def id(self) -> int:
        assert self.seen is not None
        return self.seen.id


class Orders:
    """Writes chunks. `is_captured`: what changes in Odoo is told to the marketplace."""

    def __init__(self, odoo: Odoo, module: str, now: Callable[[], datetime], *, is_captured: bool = False) -> None:
        self._odoo, self._now, self._is_captured = odoo, now, is_captured
        self._lines = OrderLines(odoo, module)
        self._may_ask_analytics = True

    async def write(self, orders: Sequence[Resolved]) -> list[Outcome]:
        """One outcome for each order, in order. Raises ConnectorError only for what failed before any order was written."""
        jobs = [Job(order) for order in orders]
        await self._parties(jobs)
        await self._load(jobs)
        await self._look_at_lines(_standing(jobs))
        self._decide(jobs)
        await self._cancel(_standing(jobs))
        await self._tell_kept([job for job in _standing(jobs) if job.kept])
        await self._change(_standing(jobs))
        await self._confirm([job for job in _standing(jobs) if job.steps.confirm])
        await self._redate([job for job in _standing(jobs) if job.steps.redate])
        await self._lock([job for job in _standing(jobs) if job.steps.lock and not _seen(job).locked])
        await self._look_again([job for job in _standing(jobs) if set(job.did) - {"created"}])
        return [outcome_of(job, self._now()) for job in jobs]

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

    async def _look_at_lines(self, jobs: Sequence[Job]) -> None:
        """What a person lowered of an order that stood already is not ordered any more as far as Odoo is concerned."""
        made = [job.order.plan for job in jobs if _seen(job).made and job.order.plan.stage in _MAY_LOSE_LINES]
        if made:
            await self._lines.remember(made)
        asked = {job.id: job for job in jobs if _wants_lines(job)}
        for one, standing in (await self._lines.look({one: job.order.plan for one, job in asked.items()})).items():
            job = asked[one]
            job.standing = standing
            job.order, job.kept = kept_order(job.order, standing)

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

    async def _tell_kept(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            try:
                job.told = await self._lines.tell_kept(job.id, job.order.plan, job.kept)
            except ConnectorError as error:
                job.error = error

    async def _change(self, jobs: Sequence[Job]) -> None:
        lines = [job for job in jobs if job.steps.lines]
        commands = {job: line_commands(job.order.lines, job.standing) for job in lines}
        await self._tell_changed(commands)
        changed = await self._add(_standing(lines))
        for job in _standing(jobs):
            values = {**job.steps.header, **({"order_line": commands[job]} if commands.get(job) else {})}
            if not values:
                continue
            try:
                await self._odoo.tell(MODEL, "write", [job.id], values, context=READDRESS)
                changed.append(job)
            except ConnectorError as error:
                job.error = error
        for job in changed:
            job.did.append("changed")
        await self._read({job.id: job for job in changed})
        for job in _standing(lines):
            self._compare(job)

    async def _tell_changed(self, commands: Mapping[Job, Sequence[Sequence[Any]]]) -> None:
        """Before it is done: what is put back must not be put back unsaid, whatever answer gets lost."""
        for job, some in commands.items():
            words = words_of(some, job.order.lines, job.standing)
            try:
                if words:
                    await self._lines.tell_changed(job.id, job.order.plan, _seen(job).written, words)
            except ConnectorError as error:
                job.error = error

    async def _add(self, jobs: Sequence[Job]) -> list[Job]:
        """Make the lines that are missing; the orders that got some. A second try finds what the first one made."""
        wanted: list[tuple[Job, list[list[Any]]]] = []
        for job in jobs:
            lines = missing(job.order.lines, job.standing)
            job.error = next((line.unknown for _, line in lines if line.unknown), None)
            if job.error is None:
                wanted += [(job, [[job.id, *line_cells(line, position)]]) for position, line in lines]
        loaded = await load(self._odoo, LINE, line_columns(), [row for _, row in wanted])
        for (job, _), one in zip(wanted, loaded, strict=True):
            if isinstance(one, ConnectorError):
                job.error = one
        added = [job for job in dict.fromkeys(job for job, _ in wanted) if job.error is None]
        if plans := [
            job.order.plan
            for job in added
            if any(line.plan.line_id for _, line in missing(job.order.lines, job.standing))
        ]:
            await self._lines.remember(plans, again=True)
        return added

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


def outcome_of(job: Job, now: datetime) -> Outcome:
    """What to report of a job that is through. A failed one names the order too, where it stands."""
    if job.error is not None:
        answer = failure(job.error)
        return replace(answer, remote_model=MODEL, remote_id=str(job.id)) if job.seen else answer
    done = [*job.did, *(["kept_lowered"] if job.told else [])]
    return Outcome(
        Result.APPLIED if done else Result.ALREADY_APPLIED,
        remote_model=MODEL,
        remote_id=str(job.id),
        notes=tuple(dict.fromkeys([*done, *filter(None, [job.steps.note])])),
        events=tuple(_conflict(job.order.plan.key, one, now) for one in job.kept) if job.told else (),
    )


def _conflict(key: str, one: Kept, now: datetime) -> Canonical:
    """Version and correlation are the delivery's, filled in by who knows them."""
    body: Conflict = {
        "key": key,
        "entity": "order",
        "field": f"quantity (line {one.line_id})",  # the line by its id; a place in a record would count from 0
        "odoo": f"{one.odoo.normalize():f}",
        "marketplace": f"{one.marketplace.normalize():f}",
        "master": "odoo",
        "action": "kept",
        "correlation": "",
        "at": now,
    }
    return Canonical("conflict", f"{key}|{body['field']}", 0, body)


def _wants_lines(job: Job) -> bool:
    """Whether lines decide anything: not of an order just made, cancelled on either side, or locked as it should be."""
    seen, plan = _seen(job), job.order.plan
    if seen.made or seen.state == "cancel" or plan.stage is Stage.CANCELLED:
        return False
    return not seen.locked or bool(mismatch(plan, seen))


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
