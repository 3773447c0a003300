"""A 1688 open platform over HTTP: signed gateway, authorisation, offers, purchase orders, parcels, push messages, faults.

Start it with ``python -m connectors.alibaba.sandbox --port N --data DIR``; tests use ``create_app`` from ``app``.
"""
