"""SEC-5, PO-2, LOG-1, PRD-2: what the 1688 mappings give fits its schemas, and hostile payloads end in an error of ours that quotes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.alibaba.mapping import order_id_of, to_supplier_order, version_of
from connectors.alibaba.messages import message_in
from connectors.alibaba.offer_mapping import to_supplier_product
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Canonical
from tests.unit.failure.samples import codec
from tests.unit.test_alibaba_messages import SENT
from tests.unit.test_alibaba_offer_mapping import DETAIL, RELATED
from tests.unit.test_alibaba_order_mapping import payload

CANARY = "Canaryperson"
Mapped = Callable[[bytes, str], Sequence[Canonical]]
SAMPLES: list[tuple[Mapped, Any]] = [
    (to_supplier_order, payload(shipped=True)),
    (to_supplier_product, DETAIL),
    (to_supplier_product, RELATED),
]
ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([CANARY]),
    st.just(CANARY),
)


@pytest.mark.parametrize(("mapping", "sample"), SAMPLES)
def test_records_fit_their_schemas(mapping: Mapped, sample: Any) -> None:
    """Written and read again they are the same."""
    writer = codec()
    for one in mapping(json.dumps(sample).encode(), "main"):
        assert writer.decode(one.entity, writer.encode(one.entity, one.body)) == dict(one.body)


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_stands_anywhere_ends_well_or_in_an_error_of_ours(data: st.DataObject) -> None:
    """SEC-5, SEC-3."""
    mapping, sample = data.draw(st.sampled_from(SAMPLES))
    changed = _changed(data, json.loads(json.dumps(sample)))
    assert CANARY not in _refusal(lambda: mapping(json.dumps(changed).encode(), "main"))
    order_id_of(changed)
    assert version_of(changed) >= 0


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_messages_too(data: st.DataObject) -> None:
    changed = _changed(data, json.loads(json.dumps(SENT)))
    assert CANARY not in _refusal(lambda: message_in(changed))


def _refusal(call: Callable[[], object]) -> str:
    """What it says, "" where it went well. Whatever is no error of ours is raised."""
    try:
        call()
    except ConnectorError as error:
        return str(error)
    return ""


def _changed(data: st.DataObject, value: Any) -> Any:
    """One place somewhere inside holds something else."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        name = data.draw(st.sampled_from(sorted(value)))
        return {**value, name: _changed(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], _changed(data, value[at]), *value[at + 1 :]]
    return data.draw(ANY)
