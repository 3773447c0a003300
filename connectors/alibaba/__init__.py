"""1688 open platform, buyer side: suppliers' products in, purchase orders out, their orders and parcels back. README.md says what its APIs
promise and what they do not."""

from __future__ import annotations

from connectors.alibaba.connector import OFFERED

CONNECTOR = OFFERED
