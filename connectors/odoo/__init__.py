"""Odoo 18 as a destination: marketplace orders become sale orders."""

from connectors.kit.ports import Connector
from connectors.odoo.settings import OdooSettings
from connectors.odoo.sink import OdooSink
from connectors.odoo.verify import OdooVerifier

CONNECTOR = Connector(
    name="odoo",
    settings=OdooSettings,
    accounts=lambda settings: [""],
    sink=OdooSink,
    verifier=OdooVerifier,
)
