"""A Walmart Marketplace (US) sandbox over HTTP: token, orders with their true paging, order writes, throttles, faults.

Start it with ``python -m connectors.walmart.sandbox --port N --data DIR``; tests use ``create_app`` from ``app``.
"""
