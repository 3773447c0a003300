"""AUTH-5: each right is a line of its own; a right that is missing names its role and what to do without it."""

import httpx
import pytest

from connectors.amazon.verify import READS, AmazonVerifier
from connectors.kit.ports import Check
from tests.unit.amazon.fake import Fake, refused, reply

PARTICIPATION = {"marketplace": {"id": "ATVPDKIKX0DER"}, "participation": {"isParticipating": True}}


def all_well(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("marketplaceParticipations"):
        return reply(200, {"payload": [PARTICIPATION]})
    return reply(200, {"orders": []})


async def checked(fake: Fake) -> dict[str, Check]:
    checks = await AmazonVerifier(fake.settings, lambda account: fake.client, fake.now).verify()
    return {check.subject.removeprefix("amazon main: "): check for check in checks}


async def test_only_reads_are_made_one_for_each_right() -> None:
    fake = Fake(all_well)
    checks = await checked(fake)
    assert all(check.ok for check in checks.values())
    assert {request.method for request in fake.requests} == {"GET"}
    assert len(fake.requests) == len(READS) + 2


@pytest.mark.parametrize("read", READS, ids=lambda one: one.right)
async def test_a_right_that_is_missing_is_told_alone(read: object) -> None:
    one = next(right for right in READS if right is read)
    path = one.path.replace("{seller}", "A1CANARYSELLER")

    def script(request: httpx.Request) -> httpx.Response:
        wanted = all(text in request.url.params.values() for text in one.query.values() if "{" not in text)
        return refused(403, "Unauthorized") if request.url.path == path and wanted else all_well(request)

    checks = await checked(Fake(script))
    (wrong,) = [subject for subject, check in checks.items() if not check.ok]
    assert wrong == one.right
    assert one.or_else in checks[wrong].remedy
    assert one.role in checks[wrong].remedy


async def test_without_orders_nothing_works() -> None:
    fake = Fake(lambda request: refused(403) if request.url.path.endswith("/orders") else all_well(request))
    checks = await checked(fake)
    assert not checks["read orders"].ok
    assert "Inventory and Order Tracking" in checks["read orders"].remedy
    assert "see names and addresses" not in checks


async def test_no_subscription_is_no_failure() -> None:
    fake = Fake(lambda request: refused(404) if "subscriptions" in request.url.path else all_well(request))
    check = (await checked(fake))["have changes told (ORDER_CHANGE)"]
    assert (check.ok, check.detail) == (True, "no subscription yet")
