"""The clean database the sandbox starts with: what a fresh Odoo 18 with the pipeline's apps has."""
