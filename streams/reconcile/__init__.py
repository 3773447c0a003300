"""Reconciliation (REC-1): what Odoo and an outside system hold of the same things, held against each other. docs/reconciling.md."""
