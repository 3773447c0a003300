"""EDGE-2, SEC-5: the event both sides share: its JSON form, its ids, what is refused, and how holes are explained."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.hardware import (
    MAX_BATCH_EVENTS,
    MAX_PAYLOAD_CHARACTERS,
    BatchError,
    Event,
    EventError,
    from_batch,
    from_json,
    headers_of,
    id_of,
    to_batch,
    to_json,
)
from schemas.headers import decode_headers, encode_headers
from tests.edge.samples import BOX, event


def test_an_event_comes_back_from_json_as_it_went() -> None:
    for made in (
        event(),
        event(3, kind="gap", device="", first_sequence=1, value="", payload='{"why":"spool"}', device_time=None),
    ):
        assert from_json(json.loads(json.dumps(to_json(made)))) == made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "ABC"), ("id", "g" * 32), ("box", ""), ("box", "a b"), ("box", "x" * 65), ("boot", "not-a-uuid"),
        ("sequence", 0), ("sequence", True), ("sequence", "1"), ("sequence", 1.0), ("sequence", 2**63), ("kind", "scans"), ("kind", ["scan"]),
        ("received_at", -1), ("received_at", 10**18), ("monotonic_ms", -1), ("payload", "[]"), ("payload", "{"), ("payload", '{"a":NaN}'),
        ("payload", '{"a":"' + "x" * MAX_PAYLOAD_CHARACTERS + '"}'), ("payload", '{"a":' * 20000), ("payload", {}), ("device", "a\x00b"),
        ("device", "x" * 201), ("device_class", "Scanner"), ("device_name", "\ud800"), ("value", "\udfff"), ("value", None), ("weight", "1,5"),
        ("weight", 1.5), ("weight", "1e9"), ("status", 7), ("device_time", "now"), ("skew_ms", 0.5), ("clock_trusted", 1),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field_and_never_quoted(field: str, value: Any) -> None:
    """SEC-3, SEC-5."""
    with pytest.raises(EventError, match=f"^{field}: ") as refused:
        from_json({**to_json(event()), field: value})
    assert "9780201" not in str(refused.value)


@pytest.mark.parametrize("document", [None, [], "x", 7])
def test_only_objects_are_events(document: Any) -> None:
    with pytest.raises(EventError, match="object"):
        from_json(document)


def test_missing_and_unknown_fields_are_refused() -> None:
    whole = to_json(event())
    for name in whole:
        with pytest.raises(EventError, match=f"{name}: is missing"):
            from_json({key: value for key, value in whole.items() if key != name})
    with pytest.raises(EventError, match="1 unknown"):
        from_json({**whole, "extra": 1})


def test_a_credential_speaks_for_its_own_box_only() -> None:
    """SEC-1."""
    assert from_json(to_json(event()), BOX).box == BOX
    with pytest.raises(EventError, match=r"^box: "):
        from_json(to_json(event()), "other")


def test_only_gaps_and_drops_stand_for_several_numbers() -> None:
    with pytest.raises(EventError, match=r"^first_sequence"):
        from_json(to_json(event(5, first_sequence=2)))
    with pytest.raises(EventError, match=r"^first_sequence"):
        from_json(to_json(event(5, kind="gap", device="", first_sequence=6)))
    assert from_json(to_json(event(5, kind="dropped", device="", first_sequence=2))).first_sequence == 2


def test_a_batch_is_in_order_and_says_which_event_is_to_blame() -> None:
    """EDGE-3."""
    good = [event(2), event(5, kind="dropped", device="", first_sequence=3), event(6)]
    assert from_batch(json.loads(to_batch(good))) == good
    assert from_batch({"events": []}) == []
    for index, batch in (
        (1, [event(2), event(4)]),
        (1, [event(2), event(2)]),
        (2, [event(1), event(2), event(3, kind="no")]),
    ):
        with pytest.raises(BatchError) as refused:
            from_batch({"events": [to_json(item) for item in batch]})
        assert refused.value.index == index
    bodies: list[Any] = [
        [],
        {"events": {}},
        {"events": [], "more": 1},
        {"events": [to_json(event())] * (MAX_BATCH_EVENTS + 1)},
    ]
    for body in bodies:
        with pytest.raises(BatchError) as refused:
            from_batch(body)
        assert refused.value.index == -1


def test_the_id_is_that_of_place_and_content() -> None:
    """EDGE-2: the same event has the same id wherever it is made again; another has another."""
    base = event()
    assert base.id == id_of(event()) == id_of(Event(**{**to_json(base), "id": "f" * 32}))
    others = [
        event(2),
        event(boot=base.boot[:-1] + "9"),
        event(box="b"),
        event(payload="{}"),
        event(device="d"),
        event(device_time=1),
    ]
    assert len({base.id, *(other.id for other in others)}) == 7


def test_the_headers_hold_no_word_of_the_content() -> None:
    """SEC-3: not even a checksum, from which a code could be guessed."""
    made = event(7)
    headers = decode_headers(encode_headers(headers_of(made, "sandbox")))
    assert (headers.id, headers.source, headers.entity, headers.version) == (made.id, "iotbox", "hardware_event", 7)
    assert made.key == f"box:{BOX}:usb_05e0:1200"
    assert headers.checksum == made.id
