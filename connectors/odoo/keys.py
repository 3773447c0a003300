"""External ids: the same for the same thing every time, so that writing it twice makes it once (EVT-4). Pure.

Parts are joined by `/`; what could be mistaken for structure, and spaces (Odoo refuses them), is percent-encoded. Whatever identifies a person goes
in as a keyed hash only, because external ids are visible to every administrator and outlive the person's data.
"""

from __future__ import annotations

from urllib.parse import quote

from schemas.checksum import checksum


def xid(module: str, *parts: str) -> str:
    """`module.part/part/...`"""
    return f"{module}.{'/'.join(quote(part, safe=':-') for part in parts)}"


def below(parent: str, *parts: str) -> str:
    """The external id of something that belongs to another: its id and further parts."""
    return "/".join((parent, *(quote(part, safe=":-") for part in parts)))


def hidden_xid(module: str, kind: str, content: tuple[str, ...], key: bytes = b"") -> str:
    """An external id that says nothing about the content it stands for."""
    return xid(module, kind, checksum(list(content), key))
