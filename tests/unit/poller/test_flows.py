"""What there is to poll, and who owns it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from streams.poller.flows import FlowKey, Names, by_partition, configured_flows
from streams.poller.partition import partition_of
from streams.settings import ConfigurationError, Settings
from tests.unit.poller.kit import connector, settings


def test_every_account_has_every_flow_of_its_connector() -> None:
    """AUTH-7: several accounts per marketplace."""
    shop, mute = connector(), connector("mute", source=None)
    found = configured_flows(
        settings(shop, mute, shop={"names": ["eu", "us"]}, poll={"intervals": {"shop.orders": "2m"}}), [shop, mute]
    )
    assert [str(flow.key) for flow in found] == ["shop:eu:orders", "shop:us:orders"]
    assert {flow.interval for flow in found} == {timedelta(minutes=2)}


def test_account_name_that_keys_cannot_hold_is_refused() -> None:
    shop = connector()
    with pytest.raises(ConfigurationError, match="must not contain a colon"):
        configured_flows(settings(shop, shop={"names": ["a:b"]}), [shop])


def test_settings_without_the_connector_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no part for shop"):
        configured_flows(Settings(), [connector()])


def test_each_flow_belongs_to_exactly_one_partition() -> None:
    """EVT-3: the partition its key hashes to."""
    shop = connector()
    names = [f"a{number}" for number in range(20)]
    flows = configured_flows(settings(shop, shop={"names": names}), [shop])
    shared = by_partition(flows, 6)
    assert sorted(flow.key for owned in shared.values() for flow in owned) == sorted(flow.key for flow in flows)
    assert all(partition_of(f.key.encode(), 6) == number for number, owned in shared.items() for f in owned)


@pytest.mark.parametrize(
    ("owner", "flow", "text"),
    [("walmart:main", "orders", "walmart:main:orders"), ("odoo:", "orders", "odoo::orders")],
)
def test_key_of_a_flow(owner: str, flow: str, text: str) -> None:
    key = FlowKey.of(owner, flow)
    assert (str(key), key.owner) == (text, owner)


@pytest.mark.parametrize(
    ("owner", "flow"), [("walmart", "orders"), (":main", "orders"), ("", ""), ("walmart:main", "")]
)
def test_what_is_no_flow_is_told(owner: str, flow: str) -> None:
    with pytest.raises(ValueError, match="write source:account"):
        FlowKey.of(owner, flow)


def test_names_are_those_of_the_topic_table() -> None:
    known = {topic.name for topic in Settings().topic_table()}
    names = Names()
    assert {names.commands, names.cursors, names.dead, names.raw("walmart", "order")} <= known
    assert names.group == "causeway.poller"
    assert names.transaction(FlowKey("walmart", "main", "orders")) == "poller:walmart:main:orders"
