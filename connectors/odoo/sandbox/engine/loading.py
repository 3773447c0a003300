"""load(): rows of cells with external ids -> records, atomic per call, one message per refused record.

A record is a row with any cell of its own filled, plus the rows below it that fill only cells of child records. With context mode=update and
noupdate=true a key that is present (and was itself made that way) is left alone; in plain mode it is overwritten. A key that was
committed after the call had arrived (or a row that another transaction changed meanwhile) is a lost race: nothing is kept, every
record gets PostgreSQL's message, and the client has to send it again.
Rights are asked for where something is made or changed; a missing one is a message like any other refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.odoo.sandbox.engine.access import require_records, require_right
from connectors.odoo.sandbox.engine.cells import CellError, Column, columns_of, converted
from connectors.odoo.sandbox.engine.keys import MAX_ERRORS, Keys, LostRaceError
from connectors.odoo.sandbox.errors import SerializationFailureError, UserError

if TYPE_CHECKING:
    from connectors.odoo.sandbox.engine.env import Env
    from connectors.odoo.sandbox.engine.model import Model

Message = dict[str, Any]
TOO_MANY = (
    "Found more than 10 errors and more than one error per 10 records, interrupted to avoid showing too many errors."
)


@dataclass(frozen=True)
class Extracted:
    """One record of the batch: its cells by column, child rows by one2many field, and the rows it came from."""

    cells: list[tuple[Column, Any]]
    children: dict[str, list[list[tuple[Column, Any]]]]
    first: int
    last: int


def load(env: Env, model: Model, fields: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
    """{"ids": [...] | False, "messages": [...], "nextrow": 0}. Raises ValueError for an unknown column."""
    columns = columns_of(env, model, fields)
    messages: list[Message] = []
    ids: list[int] = []
    keys = Keys(env)
    start = env.tx.mark()
    records = list(extract(model, columns, rows))
    if env.again or (env.faults is not None and env.faults.lost_race):
        return _refused(env, start, [_lost(index, one) for index, one in enumerate(records)])
    for index, record in enumerate(records):
        if _too_many(messages, index):
            messages.append({"type": "warning", "message": TOO_MANY})
            break
        mark = env.tx.mark()
        try:
            ids.append(_load_one(env, model, keys, record))
            env.flush()
        except LostRaceError:
            return _refused(env, start, [_lost(at, one) for at, one in enumerate(records)])
        except (UserError, ValueError, TypeError, AssertionError) as error:
            env.tx.undo(mark)
            env.forget_deferred()
            messages.append(_message(index, record, error))
    if messages:
        return _refused(env, start, messages)
    return {"ids": ids, "messages": [], "nextrow": 0}


def extract(model: Model, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Iterator[Extracted]:
    own = [at for at, column in enumerate(columns) if column.child is None]
    below = [at for at, column in enumerate(columns) if column.child is not None]
    at = 0
    while at < len(rows):
        end = at + 1
        while end < len(rows) and not _filled(rows[end], own) and _filled(rows[end], below):
            end += 1
        cells = [(columns[i], rows[at][i]) for i in own]
        yield Extracted(cells, _children(columns, below, rows[at:end]), at, end - 1)
        at = end


def _filled(row: Sequence[Any], positions: Sequence[int]) -> bool:
    return any(row[at] not in (None, False, "") for at in positions)


def _children(
    columns: Sequence[Column], below: Sequence[int], rows: Sequence[Sequence[Any]]
) -> dict[str, list[list[tuple[Column, Any]]]]:
    children: dict[str, list[list[tuple[Column, Any]]]] = {}
    for row in rows:
        cells: dict[str, list[tuple[Column, Any]]] = {}
        for at in below:
            child = columns[at].child
            assert child is not None
            cells.setdefault(columns[at].field, []).append((child, row[at]))
        for field, found in cells.items():
            if any(value not in (None, False, "") for _, value in found):
                children.setdefault(field, []).append(found)
    return children


# ---- one record


def _load_one(env: Env, model: Model, keys: Keys, record: Extracted) -> int:
    values = converted(env, model, record.cells)
    for field, found in record.children.items():
        child = env[model.all_fields[field].relation]
        values[field] = []
        for cells in found:
            try:
                values[field].append(_child_command(env, child, keys, converted(env, child, cells)))
            except CellError as error:
                label = _label(model, field)
                raise CellError(error.text, field, label, f"{label}/{error.label}") from error
    if env.faults is not None and env.faults.strikes_record():
        raise UserError("This record is refused: a fault of the sandbox struck it.")
    key, present = keys.find(model, values.pop("id", None)), values.pop(".id", None)
    child_keys = _child_keys(values)
    if key is not None and key.record_id is not None:
        if keys.keeps(key):
            return key.record_id
        present = key.record_id
    require_right(env, model, "write" if present else "create")
    if present:
        require_records(env, model, [present], "write")
        env.write(model.name, [present], values)
    record_id: int = present or env.create(model.name, values)
    if key is not None:
        keys.claim(key, model, record_id)
    _claim_children(env, model, keys, record_id, child_keys)
    return record_id


def _child_command(env: Env, child: Model, keys: Keys, values: dict[str, Any]) -> list[Any]:
    """[1, id, values] for a child whose key is known, else [0, 0, values with its key under "id"]."""
    key = keys.find(child, values.get("id"))
    if key is not None and key.record_id is not None:
        values.pop("id")
        return [1, key.record_id, values]
    if (known := values.pop(".id", None)) is not None:
        return [1, known, values]
    return [0, 0, values]


def _child_keys(values: dict[str, Any]) -> dict[str, list[str | None]]:
    """Take the keys of new children out of the commands; by one2many field, in the order of creation."""
    found: dict[str, list[str | None]] = {}
    for field, commands in values.items():
        if isinstance(commands, list) and commands and isinstance(commands[0], list):
            found[field] = [command[2].pop("id", None) for command in commands if command[0] == 0]
    return found


def _claim_children(env: Env, model: Model, keys: Keys, parent: int, found: dict[str, list[str | None]]) -> None:
    for field, wanted in found.items():
        if not any(wanted):
            continue
        spec = model.all_fields[field]
        new = sorted(env.with_context(active_test=False).children(spec.relation, spec.inverse, parent))
        new = new[len(new) - len(wanted) :]
        for name, record_id in zip(wanted, new, strict=True):
            if name:
                key = keys.find(env[spec.relation], name)
                assert key is not None
                keys.claim(key, env[spec.relation], record_id)


# ---- messages


def _too_many(messages: list[Message], tried: int) -> bool:
    return len(messages) >= MAX_ERRORS and len(messages) >= tried / 10


def _refused(env: Env, start: int, messages: list[Message]) -> dict[str, Any]:
    env.tx.undo(start)
    env.forget_deferred()
    errors = [one for one in messages if one["type"] == "error"]
    if len(errors) > MAX_ERRORS and errors == messages:
        messages = [*messages[:MAX_ERRORS], {"type": "warning", "message": TOO_MANY}]
    return {"ids": False, "messages": messages, "nextrow": 0}


def _lost(index: int, record: Extracted) -> Message:
    return {**_where(index, record), "message": SerializationFailureError.text}


def _where(index: int, record: Extracted) -> Message:
    return {"type": "error", "record": index, "rows": {"from": record.first, "to": record.last}}


def _message(index: int, record: Extracted, error: Exception) -> Message:
    found = _where(index, record)
    if isinstance(error, CellError):
        text = error.text.replace("%(field)s", error.label)
        return {**found, "message": text, "field": error.field, "field_name": error.top_label}
    if isinstance(error, UserError):
        return {**found, "message": str(error)}
    text = f"Unknown error during import: {type(error)}: {error}"
    return {**found, "message": text, "moreinfo": "Resolve other errors first"}


def _label(model: Model, field: str) -> str:
    return model.all_fields[field].label or field
