"""AUTH-3, AUTH-5: `causeway setup ... authorisation` and `causeway verify` against the 1688 sandbox. SEC-3: no secret is shown."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.alibaba.authorising import AuthorisationSetup
from connectors.alibaba.callback import listens_at
from connectors.alibaba.connector import OFFERED
from connectors.alibaba.sandbox.settings import DEMO_BUYER
from connectors.kit.ports import Check, SetupStep, StepState
from tests.contract.alibaba_box import Box, alibaba_box
from tests.contract.alibaba_connected import connected, deps_of, settings_of, static_account

SECRETS = (DEMO_BUYER.app_secret, DEMO_BUYER.refresh_token)


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box(offers=1) as box:
        yield box


@pytest.fixture
def back() -> str:
    """An address of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"http://127.0.0.1:{found.getsockname()[1]}/alibaba/callback"


class Person:
    """Who visits the address that the set-up tells, in a browser. `decision` is clicked; `forged` come back before with another state."""

    def __init__(self, decision: str = "approve", forged: int = 0) -> None:
        self.decision, self.forged = decision, forged
        self.told: list[str] = []
        self.statuses: list[int] = []
        self._visits: set[asyncio.Task[None]] = set()

    def tell(self, url: str) -> None:
        self.told.append(url)
        self._visits.add(asyncio.create_task(self._visit(url)))

    async def done(self) -> None:
        await asyncio.gather(*self._visits)

    async def _visit(self, url: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        async with httpx.AsyncClient(trust_env=False) as browser:
            for _ in range(self.forged):
                forged = await browser.get(asked["redirect_uri"], params={"code": "stolen", "state": "other"})
                self.statuses.append(forged.status_code)
            page = await browser.get(url)
            assert page.status_code == 200
            form = {**asked, "decision": self.decision}
            sent = await browser.post(url.partition("?")[0], data=form)
            self.statuses.append((await browser.get(sent.headers["location"])).status_code)


@asynccontextmanager
async def setting_up(box: Box, folder: Path, person: Person, **account: Any) -> AsyncIterator[AuthorisationSetup]:
    settings = settings_of(box, folder, account={"refresh_token": "", **account}, authorise_seconds=5)
    async with connected(box, settings, alone=True) as client:
        yield AuthorisationSetup(settings, "main", client, tell=person.tell, new_state=lambda: "the-state-1")
        await person.done()


def one(steps: Sequence[SetupStep]) -> tuple[StepState, str]:
    (step,) = steps
    assert not any(secret in repr(step) for secret in SECRETS)
    return step.state, step.detail or step.remedy


async def test_a_buyer_lets_the_app_in(box: Box, tmp_path: Path, back: str) -> None:
    """AUTH-3: address, callback page, state, exchange, file; twice changes nothing; taken away again."""
    person = Person(forged=2)
    async with setting_up(box, tmp_path, person, redirect_uri=back) as setup:
        assert one(await setup.show())[0] is StepState.ABSENT
        state, detail = one(await setup.add())
        assert (state, detail) == (StepState.MADE, "as sandbox_buyer, refresh token until 2027-05-19")
        await person.done()
        assert person.statuses == [400, 400, 200]
        query = parse_qs(urlsplit(person.told[0]).query)
        assert query == {
            "client_id": [DEMO_BUYER.app_key],
            "site": ["1688"],
            "redirect_uri": [back],
            "state": ["the-state-1"],
        }
        held = json.loads((tmp_path / "token.json").read_text())
        assert one(await setup.add()) == (StepState.THERE, detail)
        assert json.loads((tmp_path / "token.json").read_text()) == held
        assert len(person.told) == 1
        assert (await setup._client.call("carriers", {}))["success"] is True
        assert one(await setup.remove())[0] is StepState.REMOVED
        assert one(await setup.remove())[0] is StepState.ABSENT


async def test_who_says_no_is_believed(box: Box, tmp_path: Path, back: str) -> None:
    async with setting_up(box, tmp_path, Person("refuse"), redirect_uri=back) as setup:
        assert one(await setup.add()) == (StepState.WRONG, "the buyer did not let the app in")
    assert not (tmp_path / "token.json").exists()


async def test_a_forged_way_back_gives_nothing(box: Box, tmp_path: Path, back: str) -> None:
    """AUTH-3: the state is checked; whoever comes with another one does not end the waiting either."""

    class Thief(Person):
        async def _visit(self, url: str) -> None:
            async with httpx.AsyncClient(trust_env=False) as browser:
                for given in (
                    {"code": "stolen"},
                    {"code": "stolen", "state": ""},
                    {"code": "stolen", "state": "the-state-2"},
                ):
                    self.statuses.append((await browser.get(back, params=given)).status_code)
                self.statuses.append(
                    (await browser.post(back, params={"state": "the-state-1", "code": "x"})).status_code
                )
                self.statuses.append((await browser.get(f"{back}/other", params={"state": "the-state-1"})).status_code)

    thief = Thief()
    async with setting_up(box, tmp_path, thief, redirect_uri=back) as setup:
        setup._settings = setup._settings.model_copy(update={"authorise_seconds": 1.5})
        assert one(await setup.add()) == (StepState.WRONG, "nobody came back within 1.5 seconds")
    assert thief.statuses == [400, 400, 400, 405, 404]


async def test_a_code_that_is_no_good_is_told(box: Box, tmp_path: Path, back: str) -> None:
    class Late(Person):
        async def _visit(self, url: str) -> None:
            async with httpx.AsyncClient(trust_env=False) as browser:
                await browser.get(back, params={"code": "used-before", "state": "the-state-1"})

    async with setting_up(box, tmp_path, Late(), redirect_uri=back) as setup:
        state, detail = one(await setup.add())
    assert state is StepState.WRONG
    assert "invalid_grant" in detail
    assert "used-before" not in detail


async def test_an_ended_authorisation_can_be_given_again(box: Box, tmp_path: Path, back: str) -> None:
    """AUTH-3: out of the state re-authorise."""
    (tmp_path / "token.json").write_text(json.dumps({"refresh_token": "gone", "dead": True}))
    async with setting_up(box, tmp_path, Person(), redirect_uri=back) as setup:
        assert one(await setup.show()) == (StepState.ABSENT, "the platform has ended it")
        assert one(await setup.add())[0] is StepState.MADE
        assert (await setup._client.call("carriers", {}))["success"] is True


async def test_what_is_configured_is_there(box: Box, tmp_path: Path) -> None:
    async with setting_up(box, tmp_path, Person(), refresh_token=DEMO_BUYER.refresh_token) as setup:
        assert one(await setup.show())[0] is StepState.THERE
    async with setting_up(box, tmp_path, Person(), **static_account()) as setup:
        assert one(await setup.add()) == (StepState.THERE, "a lasting access token is configured")
        assert one(await setup.remove())[0] is StepState.KEPT


@pytest.mark.parametrize(
    "uri", ["", "https://shop.example/callback", "http://127.0.0.1/callback", "http://127.0.0.1:99999/x"]
)
async def test_without_a_place_for_the_page_it_says_what_to_set(box: Box, tmp_path: Path, uri: str) -> None:
    async with setting_up(box, tmp_path, Person(), redirect_uri=uri) as setup:
        assert one(await setup.add())[0] is StepState.WRONG


def test_the_page_may_listen_elsewhere() -> None:
    assert listens_at("127.0.0.1:8480", "https://shop.example/callback") == ("127.0.0.1", 8480)


async def verified(box: Box, folder: Path, **account: Any) -> dict[str, Check]:
    settings = settings_of(box, folder, account=account)
    assert OFFERED.verifier is not None
    checks = await OFFERED.verifier(settings, deps_of(box)).verify()
    assert not any(secret in repr(check) for secret in SECRETS for check in checks)
    return {check.subject.removeprefix("alibaba main: "): check for check in checks}


async def test_everything_works_and_nothing_is_changed(box: Box, tmp_path: Path) -> None:
    """AUTH-5: API by API, those that write too."""
    found = await verified(box, tmp_path)
    assert {name for name, check in found.items() if not check.ok} == set()
    assert {
        "order create",
        "order cancel",
        "order list",
        "product detail",
        "logistics",
        "stored messages",
    } <= found.keys()
    made = box.http.get("/sandbox/snapshot", params={"sections": "orders,purchases"}).json()
    assert (made["orders"], made["purchases"]) == ({}, {})


async def test_what_the_app_may_not_call_is_named(box: Box, tmp_path: Path) -> None:
    """AUTH-5: each with its remedy; the rest still tells."""
    box.account(denied=["alibaba.trade.fastCreateOrder", "alibaba.trade.getBuyerOrderList"])
    found = await verified(box, tmp_path)
    assert {name for name, check in found.items() if not check.ok} == {"order create", "order list"}
    assert "console" in found["order create"].remedy


async def test_without_an_authorisation_it_says_so(box: Box, tmp_path: Path) -> None:
    found = await verified(box, tmp_path, refresh_token="")
    assert [(name, check.ok) for name, check in found.items()] == [("get token", False)]
    assert "causeway setup add" in found["get token"].remedy


async def test_a_wrong_secret_is_told_first(box: Box, tmp_path: Path) -> None:
    found = await verified(box, tmp_path, **static_account(app_secret="wrong"))
    assert [(name, check.ok) for name, check in found.items()] == [("get token", True), ("current time", False)]
    assert "correct app_secret" in found["current time"].detail
    assert found["current time"].remedy == "see the message"
