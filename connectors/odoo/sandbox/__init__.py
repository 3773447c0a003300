"""A stand-in for an Odoo 18 server: JSON-RPC over real HTTP, a small persistent store, faults on demand."""
