"""An Amazon Selling Partner API sandbox over HTTP: LWA tokens, orders with the list's true rules, writes, feeds, faults.

Start it with ``python -m connectors.amazon.sandbox --port N --data DIR``; tests use ``create_app`` from ``app``.
"""
