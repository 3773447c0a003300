"""The day Faust changes under the runtime, it says so at start instead of losing records."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from streams.runtime.errors import FaustChangedError
from streams.runtime.guards import check_faust


def test_installed_faust_fits() -> None:
    check_faust()


def test_runtime_was_written_against_these_versions() -> None:
    """A new version may keep every name and change what it does: read its source, run the integration tests, then change this."""
    assert (version("faust-streaming"), version("aiokafka"), version("mode-streaming")) == ("0.15.3", "0.14.0", "0.7.1")


def test_missing_method_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Consumer, "_filter_tps_with_pending_acks")
    with pytest.raises(FaustChangedError, match=r"Consumer\._filter_tps_with_pending_acks is gone"):
        check_faust()


def test_changed_signature_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AIOKafkaConsumerThread, "_fetch_records", lambda self, consumer: None)
    with pytest.raises(FaustChangedError, match="_fetch_records has no parameter active_partitions"):
        check_faust()


def test_missing_attribute_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.runtime.guards._ATTRIBUTES", ((Consumer, ("_no_such_thing",)),))
    with pytest.raises(FaustChangedError, match="knows no _no_such_thing"):
        check_faust()
