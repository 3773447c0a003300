"""AUTH-5: `causeway verify` of Walmart against the sandbox: call by call, scope by scope, changing nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.walmart import CONNECTOR
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.verify import WalmartVerifier
from tests.contract.benches.walmart import deps_of
from tests.contract.test_walmart_connector import Patient
from tests.contract.walmart_box import Box, walmart_box


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as found:
        yield found


@pytest.mark.parametrize(("scope", "readable"), [("view_only", True), ("no_access", False)])
async def test_verify_tells_scope_by_scope_what_works_and_changes_nothing(box: Box, scope: str, readable: bool) -> None:
    """AUTH-5."""
    box.add(1)
    box.http.put(
        "/sandbox/accounts/sandbox-client", json={"scopes": {"orders": scope, "price": "no_access"}}
    ).raise_for_status()
    patient = Patient(box)
    before = box.state()["orders"]
    checks = await WalmartVerifier(patient.settings, patient.client, patient.now).verify()
    by_subject = {check.subject.removeprefix("walmart main: "): check for check in checks}
    assert by_subject["get token"].ok
    assert not by_subject["scope orders"].ok
    assert "portal" in by_subject["scope orders"].remedy
    assert not by_subject["scope price"].ok
    assert "flow prices off" in by_subject["scope price"].remedy
    assert by_subject["scope content"].ok  # told, but not needed
    for area, call in (("item", "list items"), ("inventory", "list inventories"), ("feeds", "list feeds")):
        assert by_subject[f"scope {area}"].ok
        assert by_subject[call].ok
    assert by_subject["list orders SellerFulfilled"].ok is readable
    assert box.state()["orders"] == before
    assert box.state()["writes"] == []


@pytest.mark.parametrize(
    ("area", "access", "call"),
    [
        ("item", "no_access", "list items"), ("inventory", "no_access", "list inventories"), ("feeds", "no_access", "list feeds"),
        ("returns", "no_access", "list returns"), ("reports", "no_access", "list recon"), ("inventory", "view_only", ""),
    ],
)  # fmt: skip
async def test_verify_names_what_a_missing_scope_keeps_us_from(box: Box, area: str, access: str, call: str) -> None:
    """AUTH-5: read, or not even that."""
    box.http.put("/sandbox/accounts/sandbox-client", json={"scopes": {area: access}}).raise_for_status()
    patient = Patient(box)
    checks = await WalmartVerifier(patient.settings, patient.client, patient.now).verify()
    wrong = {check.subject.removeprefix("walmart main: ") for check in checks if not check.ok}
    assert wrong == {f"scope {area}", call} - {""}


@pytest.mark.parametrize(("node", "known"), [("10000003527", True), ("42", False)])
async def test_verify_looks_for_the_ship_node(box: Box, node: str, known: bool) -> None:
    patient = Patient(box, account={"ship_node": node})
    checks = await WalmartVerifier(patient.settings, patient.client, patient.now).verify()
    assert [check.ok for check in checks if "ship node" in check.subject] == [known]


async def test_verify_is_content_when_all_is_well(box: Box) -> None:
    patient = Patient(box)
    assert all(check.ok for check in await WalmartVerifier(patient.settings, patient.client, patient.now).verify())


async def test_verify_without_an_account_says_what_to_set(box: Box) -> None:
    (check,) = await CONNECTOR.verifier(WalmartSettings(), deps_of(box)).verify()  # type: ignore[misc]
    assert "CAUSEWAY_WALMART__ACCOUNTS__MAIN__CLIENT_ID" in check.remedy
