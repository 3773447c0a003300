"""A small record store with Odoo's outward habits: fields, domains, commands, load(), access rights, transactions."""
