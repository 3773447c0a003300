"""TEST-1: what the 1688 connector offers fits together: each flow opens, the sink takes what it says, settings refuse other worlds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.alibaba.connector import FLOWS, OFFERED
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.ports import Announcing, Deps, NoMappings
from tests.contract.alibaba_box import Box, alibaba_box
from tests.contract.alibaba_connected import deps_of, settings_of
from tests.contract.connector_suite import open_secrets


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box(offers=1) as box:
        yield box


async def test_every_flow_opens_and_reads(box: Box, tmp_path: Path) -> None:
    settings = settings_of(box, tmp_path)
    assert OFFERED.source is not None
    for flow in FLOWS:
        source = OFFERED.source(settings, "main", flow, deps_of(box))
        assert (source.flow, source.account) == (flow, "main")
        assert [page.last async for page in source.pages("")][-1]
        await source.aclose()
    with pytest.raises(ValueError, match="it has orders, parcels, products, messages"):
        OFFERED.source(settings, "main", "other", deps_of(box))


async def test_the_sink_announces_and_takes_what_is_offered(box: Box, tmp_path: Path) -> None:
    assert OFFERED.sink is not None
    sink = OFFERED.sink(settings_of(box, tmp_path), deps_of(box))
    assert isinstance(sink, Announcing)
    assert frozenset({"create_purchase", "cancel_purchase"}) == OFFERED.operations
    await sink.aclose()


def test_secrets_are_no_plain_texts() -> None:
    """SEC-3."""
    assert list(open_secrets(AlibabaSettings)) == []


@pytest.mark.parametrize(
    ("url", "environment"), [("http://127.0.0.1:8430", "production"), ("https://gw.open.1688.com", "sandbox")]
)
def test_other_worlds_are_refused(url: str, environment: str) -> None:
    """AUTH-7."""
    settings = AlibabaSettings.model_validate(
        {"base_url": url, "accounts": {"main": {"app_key": "1", "app_secret": "s"}}}
    )
    assert OFFERED.source is not None
    deps = Deps(environment, NoMappings(), lambda: pytest.fail("the clock is not asked"))
    with pytest.raises(ValueError, match="CAUSEWAY_ENVIRONMENT"):
        OFFERED.source(settings, "main", "orders", deps)


@pytest.mark.parametrize(
    "account",
    [
        {},
        {"app_key": "1"},
        {"app_key": "x", "app_secret": "s"},
        {"app_key": "1", "app_secret": "s", "app_secret_file": "f"},
        {"app_key": "1", "app_secret": "s", "access_token": "a", "token_file": "f"},
        {"app_key": "1", "app_secret": "s", "refresh_token": "r"},
        {"app_key": "1", "app_secret": "s", "offers": ["abc"]},
    ],
)
def test_accounts_that_cannot_be_are_refused(account: dict[str, object]) -> None:
    """AUTH-3."""
    with pytest.raises(ValueError, match="validation error"):
        AlibabaSettings.model_validate({"accounts": {"main": account}})
