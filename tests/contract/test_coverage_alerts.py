"""FUL-2: a shipment that its marketplace does not hear of is critical, whatever the reason and wherever it ends."""

from __future__ import annotations

import pytest

from schemas.reasons import Reason
from streams.failure.routing import FailureRouting
from streams.settings import Settings
from tests.unit.failure.samples import NOW, codec, record


def severity(operation: str, reason: Reason, waiting_for: str = "") -> tuple[str, str]:
    """(state, severity) of a delivery to Walmart that has failed once and is not tried again by itself."""
    settings = Settings.model_validate({"retry": {"attempts": {reason.value: 1}}})
    routed = FailureRouting(codec(), settings).route(
        record(topic="deliver.walmart.critical"), destination="walmart", operation=operation, reason=reason, detail="said", now_ms=NOW,
        waiting_for=waiting_for,
    )  # fmt: skip
    (message,) = routed.messages
    found = codec().decode("failed_record", message.value)
    return found["state"], found["severity"]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_shipment_that_could_not_be_told_is_critical(reason: Reason) -> None:
    """FUL-2: refused, incomplete, or given up after its last try."""
    assert severity("ship_order", reason)[1] == "critical"


def test_so_is_one_that_is_held_for_a_mapping_and_no_other_operation() -> None:
    """FUL-2, ERR-1: others are as loud as their reason says."""
    assert severity("ship_order", Reason.MAPPING, "ship_carrier:walmart:main:DPD") == ("held", "critical")
    assert severity("set_price", Reason.DATA) == ("dead", "warning")
    assert severity("cancel_lines", Reason.BUG) == ("dead", "critical")
