"""Every model of the sandbox. A new family is one new file and one entry here."""

from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.models.accounts import ACCOUNTS
from connectors.odoo.sandbox.models.automation_rules import AUTOMATION_RULES
from connectors.odoo.sandbox.models.entry_lines import ENTRY_LINES
from connectors.odoo.sandbox.models.invoices import INVOICES
from connectors.odoo.sandbox.models.kits import KITS
from connectors.odoo.sandbox.models.messages import MESSAGES
from connectors.odoo.sandbox.models.moves import MOVES
from connectors.odoo.sandbox.models.partners import PARTNERS
from connectors.odoo.sandbox.models.pickings import PICKINGS
from connectors.odoo.sandbox.models.places import PLACES
from connectors.odoo.sandbox.models.pricelists import PRICELISTS
from connectors.odoo.sandbox.models.products import PRODUCTS
from connectors.odoo.sandbox.models.purchases import PURCHASES
from connectors.odoo.sandbox.models.quants import QUANTS
from connectors.odoo.sandbox.models.reconciling import RECONCILING
from connectors.odoo.sandbox.models.returns import RETURNS
from connectors.odoo.sandbox.models.sale_lines import SALE_LINES
from connectors.odoo.sandbox.models.sales import SALES
from connectors.odoo.sandbox.models.schema import SCHEMA
from connectors.odoo.sandbox.models.stock_places import STOCK_PLACES
from connectors.odoo.sandbox.models.supplier_prices import SUPPLIER_PRICES
from connectors.odoo.sandbox.models.system import SYSTEM
from connectors.odoo.sandbox.models.taxes import TAXES
from connectors.odoo.sandbox.models.users import USERS
from connectors.odoo.sandbox.models.variants import VARIANTS

# Parents come before the models that inherit from them.
CATALOGUE: list[type[Model]] = [
    *SCHEMA, *SYSTEM, *AUTOMATION_RULES, *PLACES, *PARTNERS, *USERS, *ACCOUNTS, *TAXES, *PRODUCTS, *VARIANTS, *SUPPLIER_PRICES, *KITS, *PRICELISTS,
    *STOCK_PLACES, *QUANTS, *MOVES, *PICKINGS, *RETURNS, *SALES, *SALE_LINES, *PURCHASES, *INVOICES, *ENTRY_LINES, *RECONCILING,
    *MESSAGES,
]  # fmt: skip
