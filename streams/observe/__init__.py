"""Seeing it: metrics, logs, health, status, one order's journey."""
