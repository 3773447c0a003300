"""TEST-1: a transaction takes back exactly what it did, indexes included; the store keeps all of a commit or nothing."""

import sqlite3
import threading
from pathlib import Path

import pytest

from connectors.odoo.sandbox.engine.locks import ReadWriteLock
from connectors.odoo.sandbox.engine.store import Store
from connectors.odoo.sandbox.engine.tables import Table, Transaction


def test_undo_brings_back_rows_and_indexes() -> None:
    table = Table("m", ["ref"])
    table.replace(1, {"id": 1, "ref": "a"})
    tx = Transaction({"m": table}, "now")
    tx.put("m", 1, {"id": 1, "ref": "b"})
    mark = tx.mark()
    tx.put("m", 2, {"id": 2, "ref": "a"})
    tx.put("m", 1, None)
    assert list(table.having("ref", ["a", "b"])) == [2]
    tx.undo(mark)
    assert list(table.having("ref", ["a", "b"])) == [1]
    assert tx.changes() == {("m", 1): {"id": 1, "ref": "b"}}
    tx.undo()
    assert table.rows == {1: {"id": 1, "ref": "a"}}
    assert list(table.having("ref", ["a"])) == [1]


def test_created_names_only_rows_that_are_new_and_still_there() -> None:
    table = Table("m", [])
    table.replace(1, {"id": 1})
    tx = Transaction({"m": table}, "now")
    tx.put("m", 1, {"id": 1, "x": 1})
    tx.put("m", 2, {"id": 2})
    tx.put("m", 3, {"id": 3})
    tx.put("m", 3, None)
    assert tx.created("m") == {2}


def test_what_was_committed_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "db.sqlite")
    store.commit({("m", 1): {"id": 1, "name": "é"}, ("m", 2): {"id": 2}}, {"id:m": 2})
    store.commit({("m", 2): None}, {"id:m": 3})
    store.close()
    again = Store(tmp_path / "new" / "db.sqlite")
    assert list(again.rows()) == [("m", 1, {"id": 1, "name": "é"})]
    assert again.counters() == {"id:m": 3}
    again.close()


def test_a_second_process_cannot_open_what_the_first_one_holds(tmp_path: Path) -> None:
    """Rows live in memory: two processes on one file would overwrite each other's answers."""
    store = Store(tmp_path / "db.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Store(tmp_path / "db.sqlite", wait_seconds=0)
    store.close()
    Store(tmp_path / "db.sqlite").close()


def test_a_commit_that_fails_halfway_keeps_nothing() -> None:
    store = Store(None)
    store.commit({("m", 1): {"id": 1}}, {})
    with pytest.raises(TypeError):
        store.commit({("m", 2): {"id": 2}, ("m", 3): {"id": object()}}, {"c": 1})
    assert [one for _, one, _ in store.rows()] == [1]
    assert store.counters() == {}
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.counters()


def test_readers_share_and_writers_are_alone() -> None:
    lock, entered, leave = ReadWriteLock(), threading.Barrier(3, timeout=60), threading.Event()
    order: list[str] = []

    def read() -> None:
        with lock.reading():
            entered.wait()
            leave.wait(60)
            order.append("read")

    def write() -> None:
        with lock.writing():
            order.append("write")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    entered.wait()  # both are inside at once
    writer = threading.Thread(target=write)
    writer.start()
    leave.set()
    for thread in (*readers, writer):
        thread.join(5)
    assert order == ["read", "read", "write"]
