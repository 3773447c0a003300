"""An Odoo IoT Box over HTTP: devices one can press, plug and pull, the long poll with its weaknesses, faults, a clock one can set.

Start it with ``python -m edge_iotbox.sandbox --port N``; tests use ``create_app`` from ``app``. Needs the extra ``server``; nothing of the agent
imports it.
"""
