"""E-mail addresses as customers are matched by them (ORD-7). Pure."""

from __future__ import annotations


def email_of(text: str) -> str:
    """Lower case; what is no address is none."""
    name, at, host = text.lower().partition("@")
    return text.lower() if name and at and "." in host and " " not in text and "@" not in host else ""
