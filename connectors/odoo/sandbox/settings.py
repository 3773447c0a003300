"""What a sandbox is started with."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SandboxSettings:
    """data: folder of the database file, None = in memory only. latency_ms: added to every call, to imitate a server
    that takes its time. workers: calls served at once, as Odoo's worker processes. api_key: accepted in place of the
    administrator's password."""

    data: Path | None = None
    db: str = "sandbox"
    login: str = "admin"
    password: str = field(default="admin", repr=False)
    api_key: str | None = field(default=None, repr=False)
    workers: int = 4
    latency_ms: int = 0
