"""Odoo 18: marketplace orders become sale orders, and what changes in Odoo goes out (README.md)."""

from connectors.kit.ports import Connector
from connectors.odoo import purchase_book
from connectors.odoo.capture_mapping import mappings
from connectors.odoo.settings import OdooSettings
from connectors.odoo.sink import OPERATIONS, OdooSink
from connectors.odoo.source.make import ACCOUNT, FLOWS, flows_for, make_source, resync_reach
from connectors.odoo.source.webhook import hints
from connectors.odoo.verify import OdooVerifier

CONNECTOR = Connector(
    name="odoo",
    settings=OdooSettings,
    accounts=lambda settings: [ACCOUNT],
    flows=FLOWS,
    source=make_source,
    sink=OdooSink,
    verifier=OdooVerifier,
    mappings=mappings,
    flows_for=flows_for,
    operations=OPERATIONS,
    hints=hints,
    resync_reach=resync_reach,
    books={purchase_book.KIND: purchase_book.open_book},
)
