"""Which version a canonical record has: it decides what supersedes what (EVT-2, PRD-2)."""

from __future__ import annotations

import pytest

from connectors.kit.ports import Canonical, Known
from schemas.headers import Headers
from streams.stages.batching import KeyView, Plan, plan
from streams.stages.canonical import canonical_headers
from streams.stages.dedupe import Seen, Verdict, judge
from tests.unit.stages.test_keystate import Waiting, delivery

READ = 1_700_000_000_000


def version_of(stated: int, *, is_ours: bool = False) -> int:
    cause = Headers("id", "walmart", "item", 0, "raw", "corr", READ, "sandbox")
    record = Canonical("listing", "walmart:main:item:A", stated, {})
    return canonical_headers(record, b"\0\0\0\0\1body", cause, b"key", is_ours=is_ours).version


@pytest.mark.parametrize(
    ("stated", "ours", "version"),
    [(7, False, 7), (READ + 5, False, READ), (0, False, READ), (READ + 5, True, READ + 5)],
)
def test_no_version_is_newer_than_its_reading_and_none_is_the_reading(stated: int, ours: bool, version: int) -> None:
    assert version_of(stated, is_ours=ours) == version


def test_what_the_catalogue_says_later_is_newer_than_what_a_feed_said() -> None:
    """PRD-2, PRD-4: a listing's publication is told with the time it was seen at; the daily catalogue must not look older for ever."""
    earlier = READ - 86_400_000
    assert judge(Seen(earlier, "published"), version_of(0), "unpublished") is Verdict.NEW
    known = KeyView(Known(earlier, "c", "product.product", "7"))
    planned: Plan[Waiting] = plan([Waiting(delivery(version_of(0)))], {"k": known}, 10)
    assert (len(planned.batches), planned.stale) == (1, [])
