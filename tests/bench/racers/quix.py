"""The hop in Quix Streams, as its documentation shows it: a dataframe with one function, to a topic. Runs in its own environment."""

from __future__ import annotations

import tempfile

from quixstreams import Application  # type: ignore[import-not-found,unused-ignore] # lives in an environment of its own

from tests.bench.racers.work import COMMIT_SECONDS, PRODUCER, hop, now, plan, report


class _Hop:
    """The function of the dataframe; stops the application behind the last record."""

    def __init__(self, records: int) -> None:
        self.began = 0.0
        self._left = records
        self.app: Application | None = None

    def __call__(self, value: bytes) -> bytes:
        if not self.began:
            self.began = now()
        self._left -= 1
        if not self._left and self.app is not None:
            self.app.stop()
        return hop(value)


def main() -> None:
    told = plan()
    work = _Hop(told.records)
    with tempfile.TemporaryDirectory(prefix="causeway-bench-quix-") as state:
        app = work.app = Application(
            broker_address=told.bootstrap,
            consumer_group=told.group,
            auto_offset_reset="earliest",
            commit_interval=COMMIT_SECONDS,
            processing_guarantee="at-least-once",
            producer_extra_config=PRODUCER,
            auto_create_topics=False,
            use_changelog_topics=False,
            state_dir=state,
            loglevel="WARNING",
        )
        source = app.topic(told.source, key_deserializer="bytes", value_deserializer="bytes")
        target = app.topic(told.target, key_serializer="bytes", value_serializer="bytes")
        app.dataframe(source).apply(work).to_topic(target)
        app.run()  # returns when everything it produced is acknowledged and committed
    report(work.began)


if __name__ == "__main__":
    main()
