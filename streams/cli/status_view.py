"""How a look at everything is shown to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from streams.gateway.overview import BoxLine
from streams.observe.flows import FlowStatus, JobStatus, left_behind
from streams.observe.status import Status, Unknown

_STATES = {
    "applied": "green",
    "waiting": "yellow",
    "held": "yellow",
    "dead": "red",
    "excluded": "dim",
    "shadow": "cyan",
}
_MOST_JOBS = 2


def page(found: Status, stack: Table, boxes: Sequence[BoxLine] | Unknown = ()) -> RenderableType:
    """The whole page, sections in the order things happen; of Boxes only where there are some."""
    return Group(stack, *_sections(found), *_boxes(boxes))


def _sections(found: Status) -> Iterator[RenderableType]:
    yield _title("poll flows", f"{_running(found.poller_members)}{_how_many_fail(found)}")
    yield _flows(found)
    yield from _failing(found)
    yield _title("stages")
    yield _stages(found)
    yield _title("retries", _running(found.retry_members))
    yield _retries(found)
    yield _title("breakers and paused lanes")
    yield _processes(found)
    yield _title("dead and held", f"release {_running(found.release_members)}")
    yield _failed(found)
    yield _title("flows", _cut(found))
    yield _writes(found)
    yield _title("orders", _window(found))
    yield _orders(found)


def ago(seconds: float | None) -> str:
    """A duration in its two largest units: `0 s`, `4 m 10 s`, `3 h 5 m`."""
    if seconds is None:
        return ""
    whole = int(seconds)
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    shown = [f"{whole // size % limit} {name}" for (name, size), limit in zip(units, (10**9, 24, 60, 60), strict=True)]
    first = next((i for i, (_, size) in enumerate(units) if whole >= size), 3)
    return " ".join(part for part in shown[first : first + 2] if not part.startswith("0 ") or first == 3)


def _title(text: str, more: str = "") -> Text:
    return Text.from_markup(f"\n[bold]{text}[/]" + (f"  {more}" if more else ""))


def _running(members: int) -> str:
    return f"[green]{members} running[/]" if members else "[yellow]not running[/]"


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False)


def _unknown(part: Unknown) -> Text:
    return Text.from_markup(f"[yellow]unknown:[/] {escape(part.unknown)}")


def _none(text: str) -> Text:
    return Text.from_markup(f"[dim]{text}[/]")


def _flows(found: Status) -> RenderableType:
    if isinstance(found.flows, Unknown):
        return _unknown(found.flows)
    if not found.flows:
        return _none("no account is configured")
    table = _table("account", "flow", "read until", "behind", "last written", "records")
    for flow in found.flows:
        last = ago((found.at - flow.written_at).total_seconds()) + " ago" if flow.written_at else "[yellow]never[/]"
        until = f"{flow.read_until:%Y-%m-%d %H:%M:%S}" if flow.read_until else ""
        name = flow.account if flow.configured else f"{flow.account} [dim](not configured here)[/]"
        table.add_row(name, flow.flow, until, ago(flow.behind_seconds), last, str(flow.records))
    return table


def _how_many_fail(found: Status) -> str:
    count = 0 if isinstance(found.flows, Unknown) else sum(flow.failing_since is not None for flow in found.flows)
    return f", [red]{count} failing[/]" if count else ""


def _failing(found: Status) -> Iterator[Text]:
    """A line for each flow whose last poll failed: since when, why, and when it is tried again."""
    for flow in () if isinstance(found.flows, Unknown) else found.flows:
        if flow.failing_since is None:
            continue
        since = ago((found.at - flow.failing_since).total_seconds())
        left = (flow.next_try - found.at).total_seconds() if flow.next_try else 0.0
        again = f"next try in {ago(left)}" if left > 0 else f"next try was due {ago(-left)} ago"
        name = f"{flow.account} {flow.flow}"
        yield Text.assemble(
            (name, "red"), f" failing for {since}: {flow.failing_reason}: {flow.failing_detail}; {again}"
        )


def _stages(found: Status) -> RenderableType:
    table = _table("stage", "consumers", "lag", "oldest waits")
    for stage in found.stages:
        lag = f"[yellow]{stage.lag_records}[/]" if stage.lag_records else "0"
        oldest = ago(stage.lag_seconds) if stage.lag_records else ""
        table.add_row(stage.stage, _running(stage.members), lag, oldest)
    return table


def _retries(found: Status) -> RenderableType:
    busy = [tier for tier in found.retry if tier.waiting or tier.due]
    if not busy:
        return _none("nothing waits")
    table = _table("tier", "waiting", "next due in", "due", "overdue by")
    for tier in busy:
        due = f"[yellow]{tier.due}[/]" if tier.due else "0"
        late = ago(tier.overdue_seconds) if tier.due else ""
        table.add_row(tier.tier, str(tier.waiting), ago(tier.next_due_seconds), due, late)
    return table


def _processes(found: Status) -> RenderableType:
    if isinstance(found.processes, Unknown):
        return _unknown(found.processes)
    lines = []
    for process in found.processes:
        state = f"[red]{escape(process.problem)}[/]" if process.problem else "[green]well[/]"
        if process.failing and not process.problem:
            state = f"[red]{len(process.failing)} poll flows failing[/]"
        lines.append(f"{process.endpoint}  {state}")
        lines += [f"  [red]breaker open[/]  {escape(breaker)}" for breaker in process.breakers]
        lines += [f"  [yellow]messages not taken[/]  {escape(refused)}" for refused in process.refused]
        lines += [
            f"  [yellow]paused[/]  {paused.stage}  {paused.lanes} lanes  {escape(paused.reason)}"
            for paused in process.paused
        ]
    return Text.from_markup("\n".join(lines))


def _failed(found: Status) -> RenderableType:
    if isinstance(found.failed, Unknown):
        return _unknown(found.failed)
    unread = _unread(found.failed.unreadable)
    if not found.failed.counts:
        return unread or _none("none")
    table = _table("state", "where", "reason", "owner", "records", "oldest")
    for count in found.failed.counts:
        age = ago((found.at - count.oldest).total_seconds())
        state = f"[{_STATES[count.state]}]{count.state}[/]"
        table.add_row(state, count.destination, count.reason, count.owner, str(count.records), age)
    if found.failed.is_cut:
        table.caption = "of the newest only: there are more"
    return Group(table, unread) if unread else table


def _unread(count: int) -> Text | None:
    """What numbers beside it leave out."""
    return Text.from_markup(f"[yellow]{count} records cannot be read and are not counted[/]") if count else None


def _cut(found: Status) -> str:
    """What the counts of flows leave out."""
    if isinstance(found.writes, Unknown):
        return ""
    words = ["of the newest only: there are more"] if found.writes.is_cut else []
    if lag := sum(stage.lag_records for stage in found.stages):
        words.append(
            f"{lag} records are on their way through the stages; of other flows than orders none of these is counted yet"
        )
    return f"[dim]{'; '.join(words)}[/]" if words else ""


def _writes(found: Status) -> RenderableType:
    if isinstance(found.writes, Unknown):
        return _unknown(found.writes)
    busy = [row for row in found.writes.rows if not row.is_quiet]
    quiet = [row for row in found.writes.rows if row.is_quiet]
    if not (busy or quiet):
        return _none("no account is configured")
    return Group(*([_busy(busy)] if busy else []), *_left_behind(busy), *_quiet(quiet))


def _left_behind(rows: Sequence[FlowStatus]) -> Iterator[Text]:
    for row in rows:
        if line := left_behind(row.account, row.flow, row.phase, row.pilot, row.shadow):
            yield Text(line, style="yellow")


def _busy(rows: Sequence[FlowStatus]) -> Table:
    table = _table("account", "flow", "phase", "applied", "excluded", "waiting", "shadow", "held", "dead", "jobs")
    for row in rows:
        phase = f"{row.phase}, pilot" if row.pilot and row.phase == "on" else row.phase or "-"
        table.add_row(
            row.account or "unknown", row.flow, phase, str(row.applied), str(row.excluded or ""),
            f"[yellow]{row.waiting}[/]" if row.waiting else "", f"[cyan]{row.shadow}[/]" if row.shadow else "",
            _reasons(row.held, "yellow"), _reasons(row.dead, "red"), _jobs(row.jobs),
        )  # fmt: skip
    return table


def _quiet(rows: Sequence[FlowStatus]) -> Iterator[Text]:
    """One line for each account: its flows nothing is told of, by phase."""
    for account in dict.fromkeys(row.account for row in rows):
        by_phase: dict[str, list[str]] = {}
        for row in rows:
            if row.account == account:
                by_phase.setdefault(row.phase, []).append(row.flow)
        told = "; ".join(f"{phase}: {', '.join(flows)}" for phase, flows in by_phase.items())
        yield _none(f"{escape(account)}, nothing in the last 24 hours  {told}")


def _reasons(reasons: Mapping[str, int], style: str) -> str:
    return ", ".join(f"[{style}]{reason} {count}[/]" for reason, count in sorted(reasons.items()))


def _jobs(jobs: Sequence[JobStatus]) -> str:
    shown = [f"{escape(job.job)} for {job.records}, {ago(job.age_seconds)}" for job in jobs[:_MOST_JOBS]]
    return "; ".join(shown) + (f"; {len(jobs) - _MOST_JOBS} more" if len(jobs) > _MOST_JOBS else "")


def _window(found: Status) -> str:
    if isinstance(found.orders, Unknown):
        return ""
    part = f", newest {found.orders.outcomes} outcomes only" if found.orders.is_cut else ""
    return f"[dim]of the last 24 hours{part}[/]"


def _orders(found: Status) -> RenderableType:
    if isinstance(found.orders, Unknown):
        return _unknown(found.orders)
    shown = [f"[{_STATES[state]}]{state}[/] {count}" for state, count in found.orders.counts.items()]
    more = f"   [dim]({found.orders.on_the_way} of them without an outcome yet)[/]" if found.orders.on_the_way else ""
    line = Text.from_markup("   ".join(shown) + more)
    unread = _unread(found.orders.unreadable)
    return Group(line, unread) if unread else line


def _boxes(boxes: Sequence[BoxLine] | Unknown) -> Iterator[RenderableType]:
    if isinstance(boxes, Unknown) or boxes:
        yield _title("IoT Boxes")
        yield _unknown(boxes) if isinstance(boxes, Unknown) else _box_lines(boxes)


def _box_lines(boxes: Sequence[BoxLine]) -> Table:
    table = _table("box", "last heard", "waits in its spool", "oldest", "dropped", "gaps")
    for box in boxes:
        heard = ago(box.silent_seconds) + " ago" if box.silent_seconds is not None else "never"
        table.add_row(
            escape(box.box) + (" [red]used twice[/]" if box.used_twice else ""),
            f"[red]{heard}[/]" if box.is_silent else heard, _said(box.spool_events),
            ago(box.oldest_seconds) if box.spool_events else "", _said(box.dropped, "red"), _said(box.poll_gaps, "yellow"),
        )  # fmt: skip
    return table


def _said(count: int | None, style: str = "") -> str:
    """What a Box said; nothing where it has not."""
    if count is None:
        return ""
    return f"[{style}]{count}[/]" if style and count else str(count)
