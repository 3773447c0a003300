"""Suppliers' stock and smallest orders: which changes become proposals of a lead time or quantity, and what was decided (PO-4)."""
