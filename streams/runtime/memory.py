"""Python's garbage collector while a stage runs.

Chunks make and drop tens of thousands of records and tuples a second, none of them in cycles. With its default of 700 the collector walks them
again and again and everything that was imported with them: a tenth of the hop's processor time, measured. What is there at the start stays
anyway, so it is left out; the rest is looked at less often.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_THRESHOLDS = (50_000, 20, 20)


@contextlib.contextmanager
def calm_collector() -> Iterator[None]:
    """While inside; as before afterwards."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
