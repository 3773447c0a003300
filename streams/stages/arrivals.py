"""A record of a deliver topic, read: what it carries, how often it was tried, what is known of its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from connectors.kit.ports import Delivery
from schemas.codec import Codec
from schemas.headers import Failure, Headers, decode_failure, decode_headers
from schemas.record import Record
from streams.stages.batching import KeyView


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record of the deliver topic, read."""

    record: Record
    headers: Headers
    failure: Failure | None
    delivery: Delivery
    asks_again: bool
    probes: int = 0

    def with_known(self, views: Mapping[str, KeyView]) -> Arrived:
        """The same, telling the sink what is known of its key."""
        view = views.get(self.delivery.key, KeyView())
        others = tuple(sorted(view.jobs - {self.delivery.job}))
        return replace(
            self, delivery=replace(self.delivery, known=view.known, open_jobs=others, asks_again=self.asks_again)
        )

    @property
    def status(self) -> str:
        """The entity's own status, for the outcome."""
        return str(self.delivery.body.get("status", ""))


def read(record: Record, codec: Codec, environment: str) -> Arrived:
    """Raises ValueError (DecodeError is one) for a record that cannot be read or is of another environment."""
    headers = decode_headers(record.headers)
    if headers.env != environment:
        raise ValueError(f"the record is of environment {headers.env}, this pipeline is {environment}")
    failure = decode_failure(record.headers)
    value = codec.decode("deliver", record.value)
    delivery = Delivery(
        id=value["id"], operation=value["operation"], is_command=value["kind"] == "command", key=value["key"],
        source=value["source"], account=value["account"], version=value["version"], checksum=value["checksum"],
        correlation=value["correlation"], body=codec.decode(value["schema"], value["body"]),
        attempt=failure.attempt + 1 if failure else 1, job=failure.job if failure else "",
    )  # fmt: skip
    return Arrived(record, headers, failure, delivery, asks_again=bool(headers.lane))
