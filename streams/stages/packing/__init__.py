"""Packing stations: what was scanned and weighed of each transfer, told to Odoo when it ends (EDGE-5)."""
