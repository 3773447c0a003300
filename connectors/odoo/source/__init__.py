"""Odoo change capture (EVT-6): what changed in Odoo, each entity read whole. docs/capture.md says how and why nothing is missed."""
