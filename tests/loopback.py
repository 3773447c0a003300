"""A client for what listens on loopback in a test."""

from __future__ import annotations

import httpx


def client(url: str, seconds: float = 60) -> httpx.Client:
    """Plain HTTP: no certificates are loaded, which is dear, and no proxy is asked."""
    return httpx.Client(base_url=url, timeout=seconds, trust_env=False, verify=False)
