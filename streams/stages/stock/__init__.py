"""Stock as an event ledger: what Odoo has, less what is promised, shared out to the channels; only changes go out, each one explained.

`ledger`, `offered`, `allocation`, `changes`, `kits`, `windows` decide; `codec`, `folding`, `memory` carry; `stage` and `flush` talk.
"""

from streams.stages.stock.folding import StockTopics
from streams.stages.stock.stage import StockStage

__all__ = ["StockStage", "StockTopics"]
