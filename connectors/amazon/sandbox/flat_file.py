"""Tab-separated feed files and the report on their processing.

Files may begin with Amazon's template line; columns are known by their names. The report: a summary, then a line for each
record that was refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.amazon.sandbox.feeds import Result, Submitted
from connectors.kit.sandbox.steering import RefusedError

TEMPLATE = "TemplateType="
COLUMNS = ("original-record-number", "order-id", "order-item-id", "error-code", "error-type", "error-message")
_INTERNAL = "fault injected: the record was refused"


class RecordError(RefusedError):
    """A record is refused. code: Amazon's number for it (invented here, those of order feeds are not published)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Record:
    """number: from 1, after the header; values: by column, those of missing columns empty."""

    number: int
    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()


def processed(
    feed: Submitted, required: Sequence[str], known: Sequence[str], item: str, act: Callable[[Record], None]
) -> Result:
    """Lets `act` carry out each record. required: columns that must be there; item: the column with the order item.

    A file without its columns is FATAL; a record that raises RefusedError is refused alone."""
    columns, records = read(feed.content)
    missing, unknown = sorted(set(required) - set(columns)), sorted(set(columns) - set(known))
    if missing or unknown:
        text = f"Columns missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}."
        return Result(report(0, [("", "", "", "90200", text)]), fatal=True, summary=text)
    errors = []
    for record in records:
        try:
            if record.number in feed.refused:
                raise RecordError("99999", _INTERNAL)
            act(record)
        except RefusedError as error:
            code = error.code if isinstance(error, RecordError) else "99001"
            errors.append((str(record.number), record["order-id"], record[item], code, str(error.description)))
    good = len(records) - len(errors)
    return Result(report(len(records), errors), summary=f"{good} of {len(records)} records")


def read(content: bytes) -> tuple[list[str], list[Record]]:
    """(columns, records). Lines of nothing but tabs are left out."""
    lines = content.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").split("\n")
    if lines and lines[0].startswith(TEMPLATE):
        lines = lines[1:]
    columns = [name.strip() for name in lines[0].split("\t")] if lines else []
    filled = [line for line in lines[1:] if line.strip()]
    return columns, [
        Record(at, dict(zip(columns, line.split("\t"), strict=False))) for at, line in enumerate(filled, 1)
    ]


def report(count: int, errors: Sequence[tuple[str, str, str, str, str]]) -> bytes:
    """errors: (record, order id, order item id, code, message)."""
    lines = [
        "Feed Processing Summary:",
        f"\tNumber of records processed\t\t{count}",
        f"\tNumber of records successful\t\t{count - len(errors) if count else 0}",
        "",
        "\t".join(COLUMNS),
    ]
    lines += ["\t".join((*error[:4], "Error", error[4])) for error in errors]
    return ("\r\n".join(lines) + "\r\n").encode()
