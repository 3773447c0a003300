"""Reads table files, CSV or TOML, into rows that know where they stand. All that is wrong is collected, so that it is mended in one go."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from connectors.kit.catalogue.tables import Place
from connectors.kit.errors import MappingError

LARGEST_FILE_BYTES = 20 * 1024 * 1024
_TOML_LINE = re.compile(r"\(at line (\d+)")


class TableError(MappingError, ValueError):
    """Table files are wrong. `faults` are all of them: `file:line: column: what is wrong; what to do`.

    At start a wrong configuration; while running the products wait, as for a missing line.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(slots=True)
class Faults:
    """What was found wrong so far."""

    found: list[str] = field(default_factory=list)

    def add(self, place: Place | str, column: str, what: str) -> None:
        self.found.append(f"{place}: {f'column {column}: ' if column else ''}{what}")

    def raise_if_any(self) -> None:
        if self.found:
            raise TableError(self.found)


@dataclass(frozen=True, slots=True)
class Row:
    """cells: column -> text, stripped; lists and tables of TOML are kept in `parts` (a list) and `pairs` (a table)."""

    place: Place
    cells: Mapping[str, str]
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pairs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def text(self, column: str) -> str:
        return self.cells.get(column, "")

    def list(self, column: str, separator: str = "|") -> tuple[str, ...]:
        """A list: several values with | between them in CSV, a list in TOML."""
        if column in self.parts:
            return self.parts[column]
        return tuple(part.strip() for part in self.text(column).split(separator) if part.strip())


def rows_in(path: Path, table: str, columns: Sequence[str], needed: Sequence[str], faults: Faults) -> list[Row]:
    """The rows of a CSV file, or of `[[table]]` in a TOML file. Unknown and missing columns are faults."""
    try:
        content = path.read_bytes()
    except OSError as error:
        faults.add(str(path), "", f"cannot be read ({error.strerror}); set the path right or make the file readable")
        return []
    if len(content) > LARGEST_FILE_BYTES:
        faults.add(path.name, "", f"is larger than {LARGEST_FILE_BYTES // 2**20} MB; split it")
        return []
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        faults.add(Place(path.name, line), "", "is no UTF-8; save the file as UTF-8 (Excel: CSV UTF-8)")
        return []
    if path.suffix.lower() == ".toml":
        return _toml(path.name, written, table, columns, needed, faults)
    return _csv(path.name, written, columns, needed, faults)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, or the known ones."""
    names = sorted(known)
    close = get_close_matches(word, names, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(names)}"


def _csv(
    name: str, written: str, columns: Sequence[str], needed: Sequence[str], faults: Faults
) -> list[Row]:  # fmt: skip
    first = written.splitlines()[0] if written.strip() else ""
    # Spreadsheets of countries with a decimal comma write semicolons.
    separator = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(written, newline=""), delimiter=separator, strict=True)
    found: list[Row] = []
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        _check_columns(Place(name, 1), header, columns, needed, faults)
        for cells in reader:
            if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                continue
            place = Place(name, reader.line_num)
            if len(cells) > len(header):
                faults.add(
                    place, "", f"has {len(cells)} columns, the header {len(header)}; put text with a comma in quotes"
                )
                continue
            found.append(Row(place, {column: cell.strip() for column, cell in zip(header, cells, strict=False)}))
    except csv.Error as error:
        faults.add(Place(name, reader.line_num), "", f"is no CSV ({error}); check the quotes of this line")
    return found


def _toml(
    name: str, written: str, table: str, columns: Sequence[str], needed: Sequence[str], faults: Faults
) -> list[Row]:  # fmt: skip
    try:
        content = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        line = _TOML_LINE.search(str(error))
        faults.add(Place(name, int(line[1]) if line else len(written.splitlines())), "", f"is no TOML: {error}")
        return []
    starts = [
        number for number, line in enumerate(written.splitlines(), 1) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)
    ]
    entries = content.pop(table, [])
    for other in content:
        faults.add(name, "", f"{other!r} is unknown here; write [[{table}]]")
    if not isinstance(entries, list) or len(starts) != len(entries):
        faults.add(name, "", f"write each entry as [[{table}]]")
        return []
    rows = []
    for start, entry in zip(starts, entries, strict=True):
        place = Place(name, start)
        _check_columns(place, list(entry), columns, needed, faults)
        rows.append(_toml_row(place, entry))
    return rows


def _toml_row(place: Place, entry: Mapping[str, object]) -> Row:
    cells: dict[str, str] = {}
    parts: dict[str, tuple[str, ...]] = {}
    pairs: dict[str, Mapping[str, str]] = {}
    for column, value in entry.items():
        if isinstance(value, list):
            parts[column] = tuple(_scalar(one) for one in value)
        elif isinstance(value, dict):
            pairs[column] = {name: _scalar(one) for name, one in value.items()}
        else:
            cells[column] = _scalar(value)
    return Row(place, cells, parts, pairs)


def _scalar(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value).strip()


def _check_columns(
    place: Place, found: Sequence[str], columns: Sequence[str], needed: Sequence[str], faults: Faults
) -> None:  # fmt: skip
    for column in found:
        if column not in columns:
            faults.add(place, column or "(empty)", "is unknown" + did_you_mean(column, columns))
    for column in needed:
        if column not in found:
            faults.add(place, column, "is missing; add it")
