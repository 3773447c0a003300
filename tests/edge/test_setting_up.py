"""EDGE-4, EDGE-5: enrolling burns no code it could not use, and says which Box it spoke for; checking changes nothing and finds the wrong Box."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.cli import main
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.lineage import Lineage
from tests.edge.samples import BOX
from tests.edge.servers import CODE, TOKEN, FakeGateway, MiniBox, served

OTHER = "b8:27:eb:00:00:02"


@dataclass
class Gateways(FakeGateway):
    """Also says for which Box a code was made, and which spool speaks."""

    meant: str = ""
    speaks: str = ""
    told: list[str | None] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Any:
        if path.endswith("/enrol") and self.meant:
            return 403, {}, {"error": "the code was made for another Box", "expected": self.meant}
        if path.endswith("/config") and self.speaks and self.speaks not in headers.get("Causeway-Spool", ""):
            return 403, {}, {"error": "x", "reason": "other_spool"}
        self.told.append(headers.get("Causeway-Spool"))
        return super().answer(method, path, headers, body)


@pytest.fixture
def box() -> Iterator[MiniBox]:
    with served(MiniBox()) as box:
        yield box


@pytest.fixture
def gateway() -> Iterator[Gateways]:
    gateway = Gateways()
    with served(gateway):
        yield gateway


@pytest.fixture
def run(tmp_path: Path, box: MiniBox, gateway: Gateways, capsys: Any, monkeypatch: Any) -> Any:
    """A command: its exit code, and what it said. The settings file takes further lines."""
    monkeypatch.setattr("edge_iotbox.cli._log", lambda settings: None)

    def call(*words: str, more: str = "", folder: Path | None = None) -> tuple[int, str]:
        path = tmp_path / "edge.ini"
        path.write_text(
            f"[spool]\nfolder = {folder or tmp_path / 'spool'}\nvolatile_allowed = yes\n[send]\ngateway = {gateway.url}\n"
            f"[box]\nurl = {box.url}\n{more}\n"
        )
        code = main(["--config", str(path), *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def test_a_folder_that_cannot_be_written_burns_no_code(tmp_path: Path, run: Any, gateway: Gateways) -> None:
    (tmp_path / "file").write_text("no folder")
    code, said = run("enrol", CODE, folder=tmp_path / "file" / "spool")
    assert code == 2
    assert gateway.calls == []
    for words in (str(tmp_path / "file"), "Not a directory", "make it writable", "the same code; it was not used"):
        assert words in said


def test_a_card_that_takes_names_but_no_content_burns_no_code(
    tmp_path: Path, run: Any, gateway: Gateways, monkeypatch: Any
) -> None:
    """A full card, a card that fails at fsync: making the file alone shows nothing."""

    def fails(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("edge_iotbox.numbers.os.fsync", fails)
    code, said = run("enrol", CODE)
    monkeypatch.undo()
    assert (code, gateway.calls) == (2, [])
    assert "Input/output error" in said
    assert os.listdir(tmp_path / "spool") == []


def test_a_credential_that_could_not_be_written_after_all_says_that_the_code_is_used(
    run: Any, gateway: Gateways, monkeypatch: Any
) -> None:
    def full(path: Path, _enrolment: Enrolment) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("edge_iotbox.cli.write_enrolment", full)
    code, said = run("enrol", CODE)
    assert (code, gateway.calls) == (2, ["enrol"])
    assert f"the code is used: make it writable, ask for a new code (causeway gateway enrol {BOX})" in said
    assert TOKEN not in said
    assert len(said.strip().splitlines()) == 1


def test_enrolling_leaves_the_credential_and_nothing_else(tmp_path: Path, run: Any) -> None:
    assert run("enrol", CODE)[0] == 0
    assert os.listdir(tmp_path / "spool") == [ENROLMENT]
    assert json.loads((tmp_path / "spool" / ENROLMENT).read_text()) == {"token": TOKEN, "box": BOX}


@pytest.mark.parametrize(
    ("more", "meant", "words"),
    [
        ("", OTHER, f"made for {OTHER}, not for {BOX} (the MAC address the IoT Box at http"),
        ("", "", f"refused for {BOX} (the MAC address the IoT Box at http"),
        (f"identifier = {OTHER}", "", f"refused for {OTHER} (box.identifier)"),
        (f"identifier = {OTHER}", BOX, f"made for {BOX}, not for {OTHER} (box.identifier)"),
    ],
)
def test_a_refused_code_says_which_box_was_shown_and_which_was_meant(
    tmp_path: Path, run: Any, gateway: Gateways, more: str, meant: str, words: str
) -> None:
    gateway.meant = meant
    code, said = run("enrol", "not-the-code", more=more)
    assert code == 2
    assert words in said
    assert f"causeway gateway enrol {OTHER if more else BOX})" in said
    assert len(said.strip().splitlines()) == 1
    assert not (tmp_path / "spool" / ENROLMENT).exists()


def line(said: str, what: str) -> str:
    (found,) = [one for one in said.splitlines() if one.startswith((f"ok     {what}: ", f"WRONG  {what}: "))]
    return found


def test_checking_makes_no_folder(tmp_path: Path, run: Any) -> None:
    code, said = run("check")
    assert code == 1, "not enrolled"
    assert line(said, "spool") == f"ok     spool: {tmp_path / 'spool'} is not there yet; it will be made in {tmp_path}"
    assert not (tmp_path / "spool").exists()
    (tmp_path / "file").write_text("no folder")
    assert line(run("check", folder=tmp_path / "file" / "spool")[1], "spool").startswith("WRONG")


def test_checking_leaves_the_folder_as_it_was_and_disturbs_no_agent(
    tmp_path: Path, run: Any, gateway: Gateways
) -> None:
    folder = tmp_path / "spool"
    write_enrolment(folder / ENROLMENT, Enrolment(TOKEN, BOX))
    names = Lineage(folder).header()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, said = run("check")
    assert code == 0, said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert gateway.told == [None, names], "it asks without a name, and shows the agent's without a new one"


@pytest.mark.parametrize(
    ("enrolled", "more", "good"),
    [
        (BOX, "", True),
        (BOX.upper(), "", True),
        (OTHER, "", False),
        (OTHER, f"identifier = {OTHER}", True),  # a name that was chosen
        (BOX, f"identifier = {OTHER}", False),
    ],
)
def test_checking_finds_another_box_than_the_enrolled_one(
    tmp_path: Path, run: Any, enrolled: str, more: str, good: bool
) -> None:
    """Its scans would come under the other's name."""
    write_enrolment(tmp_path / "spool" / ENROLMENT, Enrolment(TOKEN, enrolled))
    code, said = run("check", more=more)
    assert (code == 0) is good
    assert line(said, "box").startswith("ok" if good else "WRONG")
    assert good or f"and {enrolled} was enrolled here" in said


def test_checking_says_that_another_spool_speaks_for_the_box(tmp_path: Path, run: Any, gateway: Gateways) -> None:
    write_enrolment(tmp_path / "spool" / ENROLMENT, Enrolment(TOKEN, BOX))
    gateway.speaks = "5b00000000000001"
    code, said = run("check")
    assert code == 1
    assert "has another spool for this Box" in line(said, "gateway")
