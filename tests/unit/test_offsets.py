"""OPS-8: one refusal of an admin client that outlived a restart of the broker is the last one."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.offsets import KeptAdmin


def test_a_client_is_kept_until_it_is_refused() -> None:
    opened: list[dict[str, Any]] = []

    def open_client(config: dict[str, Any]) -> Any:
        opened.append(config)
        return len(opened)

    def refused(_client: Any) -> None:
        raise KafkaException(KafkaError(KafkaError.FENCED_LEADER_EPOCH))

    kept = KeptAdmin({"bootstrap.servers": "b:1"}, open_client)
    assert [kept.ask(str), kept.ask(str)] == ["1", "1"]
    with pytest.raises(KafkaException):
        kept.ask(refused)
    assert kept.ask(str) == "2"
    assert [config["bootstrap.servers"] for config in opened] == ["b:1", "b:1"]
