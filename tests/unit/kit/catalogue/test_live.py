"""PRD-1: a line added to a table counts without a restart; a table that is wrong for a moment changes nothing."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from connectors.kit.catalogue.files import TableFiles, load
from connectors.kit.catalogue.live import LiveTables
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.rows import TableError


def mapped(live: LiveTables) -> str | None:
    line = live.current().category("All / A")
    return line.product_type if line else None


def write(path: Path, text: str, stamp: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))


def test_tables_follow_their_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c.csv"
    files = TableFiles(categories=[path])
    write(path, "category,product_type\nAll / B,B\n", 1)
    live = LiveTables(lambda: load(files, conversions(points=[])), files.all())
    assert mapped(live) is None
    write(path, "category,product_type\nAll / A,A1\n", 2)
    assert mapped(live) == "A1"
    with caplog.at_level(logging.ERROR):
        write(path, "category,product_typ\nAll / A,A2\n", 3)
        assert [mapped(live), mapped(live)] == ["A1", "A1"]  # the last good ones
    told = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert told == ["tables_wrong"]  # once
    path.unlink()
    assert mapped(live) == "A1"
    write(path, "category,product_type\nAll / A,A2\n", 4)
    assert mapped(live) == "A2"


def test_wrong_tables_at_the_start_are_told(tmp_path: Path) -> None:
    files = TableFiles(categories=[tmp_path / "none.csv"])
    with pytest.raises(TableError, match="cannot be read"):
        LiveTables(lambda: load(files, conversions(points=[])), files.all())
