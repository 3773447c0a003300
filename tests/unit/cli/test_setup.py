"""AUTH-5, OPS-5: `causeway setup`: what people and scripts are told of any connector's set-ups; nothing of one marketplace is known here."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.kit.errors import TransientError
from connectors.kit.ports import Connector, Deps, Setup, SetupOffer, SetupStep, StepState
from connectors.kit.settings import Part
from streams.cli import setup

DONE = SetupStep("bell", StepState.MADE, "B-1")
MISSING = SetupStep("bell", StepState.ABSENT, remedy="`causeway setup add shop:main bell`")
REFUSED = SetupStep("bell", StepState.WRONG, "the door is shut", "open the door")


class ShopSettings(Part):
    names: tuple[str, ...] = ("main", "second")

    def check_environment(self, environment: str) -> None:
        if environment == "production":
            raise ValueError("CAUSEWAY_SHOP__URL is a sandbox, but CAUSEWAY_ENVIRONMENT is production")


@dataclass
class Bell:
    """A `Setup` that says what it is told to, and remembers what it was asked."""

    says: Sequence[SetupStep] = (DONE,)
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def offer(self) -> SetupOffer:
        return SetupOffer("the shop rings when something changes", self._open)

    def _open(self, settings: Any, account: str, deps: Deps) -> Setup:
        self.asked.append(f"{account} {deps.environment}")
        return self

    async def _answer(self, what: str) -> Sequence[SetupStep]:
        self.asked.append(what)
        if self.error is not None:
            raise self.error
        return self.says

    async def show(self) -> Sequence[SetupStep]:
        return await self._answer("show")

    async def add(self) -> Sequence[SetupStep]:
        return await self._answer("add")

    async def remove(self, *, shared: bool = False) -> Sequence[SetupStep]:
        return await self._answer(f"remove shared={shared}")

    async def aclose(self) -> None:
        self.asked.append("closed")


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    """A connector with a set-up, and one without."""
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    found = Bell()
    shop = Connector("shop", ShopSettings, lambda settings: settings.names, setups={"bell": found.offer()})
    plain = Connector("plain", Part, lambda settings: ("main",))
    monkeypatch.setattr("streams.connectors.discover", lambda: (plain, shop))
    return found


def run(*words: str) -> Result:
    return CliRunner().invoke(setup.app, list(words))


def test_a_step_is_a_line_and_what_to_do_is_one_more(bell: Bell) -> None:
    bell.says = (SetupStep("door", StepState.THERE, "D-1"), REFUSED)
    result = run("add", "shop:main", "bell")
    assert result.output.splitlines() == [
        "shop:main bell: the shop rings when something changes",
        "  there   door: D-1",
        "  wrong   bell: the door is shut",
        "          -> open the door",
    ]
    assert result.exit_code == 1
    assert bell.asked == ["main sandbox", "add", "closed"]


@pytest.mark.parametrize(
    ("words", "step", "code"),
    [
        (("show",), DONE, 0),
        (("show",), MISSING, 1),
        (("add", "shop:main", "bell"), DONE, 0),
        (("add", "shop:main", "bell"), MISSING, 1),
        (("add", "shop:main", "bell"), REFUSED, 1),
        (("remove", "shop:main", "bell"), MISSING, 0),
        (("remove", "shop:main", "bell"), SetupStep("bell", StepState.KEPT), 0),
        (("remove", "shop:main", "bell"), REFUSED, 1),
    ],
)
def test_it_ends_with_1_when_something_is_not_as_it_should_be(
    bell: Bell, words: tuple[str, ...], step: SetupStep, code: int
) -> None:
    bell.says = (step,)
    assert run(*words).exit_code == code


def test_without_names_every_account_is_shown(bell: Bell) -> None:
    result = run("show")
    assert [line for line in result.output.splitlines() if not line.startswith(" ")] == [
        "shop:main bell: the shop rings when something changes",
        "shop:second bell: the shop rings when something changes",
    ]
    assert bell.asked == ["main sandbox", "show", "closed", "second sandbox", "show", "closed"]


def test_what_others_need_is_only_removed_when_it_is_said(bell: Bell) -> None:
    run("remove", "shop:main", "bell")
    run("remove", "shop:main", "bell", "--shared")
    assert [one for one in bell.asked if one.startswith("remove")] == ["remove shared=False", "remove shared=True"]


def test_an_error_is_a_step_that_is_wrong_and_all_is_closed(bell: Bell) -> None:
    bell.error = TransientError("ring: shop.example cannot be reached")
    result = run("add", "shop:second", "bell")
    assert (result.exit_code, bell.asked[-1]) == (1, "closed")
    assert "wrong   bell: ring: shop.example cannot be reached" in result.output


def test_json_has_all_of_it(bell: Bell) -> None:
    bell.says = (REFUSED,)
    result = run("show", "shop:main", "bell", "--json")
    assert json.loads(result.output) == [
        {
            "setup": "shop:main bell",
            "steps": [{"what": "bell", "state": "wrong", "detail": "the door is shut", "remedy": "open the door"}],
        }
    ]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "shop:third"), "shop:second"),
        (("add", "plain:main", "bell"), "shop:main"),
        (("add", "shop:main", "gong"), "there are: bell"),
        (("add", "shop:main"), "Missing argument"),
    ],
)
def test_what_there_is_not_is_wrong_usage(bell: Bell, words: tuple[str, ...], told: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in " ".join(result.output.replace("│", " ").split())
    assert bell.asked == []


def test_nothing_is_done_in_another_environment(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-7."""
    monkeypatch.setenv("CAUSEWAY_ENVIRONMENT", "production")
    assert run("add", "shop:main", "bell").exit_code == 2
    assert bell.asked == []


def test_no_account_with_anything_to_set_up(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.connectors.discover", tuple)
    result = run("show")
    assert (result.exit_code, result.output.strip()) == (0, "no configured account has anything to set up")
