"""EDGE-3: a spool whose folder is deleted or covered while it runs loses nothing that can be sent; a second agent at a spool does not begin."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.agent import Agent
from edge_iotbox.alone import InUseError
from edge_iotbox.cli import main
from edge_iotbox.clock import SystemClock
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, EnrolmentError, write_enrolment
from edge_iotbox.health import read_info
from edge_iotbox.settings import Settings
from tests.edge.agents import running
from tests.edge.samples import BOX
from tests.edge.servers import TOKEN, FakeGateway, MiniBox, until


def deleted(folder: Path) -> None:
    shutil.rmtree(folder)


def covered(folder: Path) -> None:
    """As by a mount over it: another, empty folder stands there."""
    folder.rename(folder.with_name("below"))
    folder.mkdir()


def ends(agent: Agent) -> bool:
    agent.tick()
    return agent.stop.is_set()


@pytest.mark.parametrize("strike", [deleted, covered])
def test_what_lies_in_a_spool_whose_folder_is_gone_is_sent_and_then_the_agent_ends(
    settings: Settings, box: MiniBox, gateway: FakeGateway, strike: Callable[[Path], None], caplog: Any
) -> None:
    """Away is the gateway, too: what waits, and what is still heard, lives as long as this process; so it goes on."""
    with running(settings) as agent:
        box.press("a")
        until(lambda: gateway.receiver.values == ["a"], "the first")
        until(lambda: agent.shared.spool.depth().events == 0, "an empty spool")
        agent.tick()
        assert not agent.stop.is_set(), "all is well"
        gateway.answers = [(503, {"Retry-After": "0"}, {})] * 1000
        box.press("b")
        until(lambda: agent.shared.counters.heard == 2, "the second is heard")
        strike(settings.spool.folder)
        box.press("c")
        until(lambda: agent.shared.counters.heard == 3, "the third is heard")
        for _ in range(2):
            agent.tick()
        assert not agent.stop.is_set(), "it would take what was heard with it"
        assert caplog.text.count("spool_gone") == 1
        gateway.answers.clear()
        until(lambda: gateway.receiver.values == ["a", "b", "c"], "all of them")
        until(lambda: ends(agent), "its end, when nothing is left")
        assert agent._failure is not None, "systemd begins it anew"
    if strike is deleted:
        with pytest.raises(EnrolmentError, match="causeway-edge enrol"):
            Agent(settings, SystemClock(True)).begin()


def test_a_folder_made_again_and_enrolled_goes_on_above(settings: Settings, box: MiniBox, gateway: FakeGateway) -> None:
    with running(settings):
        box.press("a")
        until(lambda: gateway.receiver.values == ["a"], "the first")
    shutil.rmtree(settings.spool.folder)
    box.events.clear()  # it would be heard anew, after all that is known of it
    write_enrolment(settings.spool.folder / ENROLMENT, Enrolment(TOKEN, BOX))
    with running(settings):
        box.press("b")
        until(lambda: gateway.receiver.values == ["a", "b"], "the second, above what the gateway has")


def test_a_second_agent_at_a_spool_does_not_begin(
    settings: Settings, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    """Both would give the same numbers, and each overwrite what the other keeps."""
    with running(settings) as agent:
        with pytest.raises(InUseError, match="another agent runs at the spool"):
            Agent(settings, SystemClock(True)).begin()
        monkeypatch.setattr("edge_iotbox.cli._log", lambda settings: None)
        path = tmp_path / "edge.ini"
        path.write_text(
            f"[box]\nurl = {settings.box.url}\n[spool]\nfolder = {settings.spool.folder}\nvolatile_allowed = yes\n"
            f"[send]\ngateway = {settings.send.gateway}\n[log]\nmetrics_file = {settings.log.metrics_file}\n"
        )
        assert main(["--config", str(path), "run"]) == 2
        said = capsys.readouterr().err.strip().splitlines()
        assert len(said) == 1
        assert "systemctl stop causeway-edge" in said[0]
        agent.shared.counters.sender_state = "other_spool"
        agent.write_metrics()
        main(["--config", str(path), "status", "--json"])
        assert json.loads(capsys.readouterr().out)["sending_state"] == "other_spool"
    with running(settings):
        pass


@pytest.mark.parametrize(
    ("text", "info"),
    [
        (
            'causeway_edge_info{box="b8:27",version="1\\"0",sending="good"} 1\n',
            {"box": "b8:27", "version": '1\\"0', "sending": "good"},
        ),
        ("", {}),
        ("causeway_edge_info{} 1\n", {}),
    ],
)
def test_what_runs_there_is_read_from_the_metrics_file(text: str, info: dict[str, str]) -> None:
    assert read_info(text) == info
