"""How a sandbox behaves: accounts, lifetimes, limits. Read once at start; nothing here comes from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

SCOPES = ("reports", "item", "price", "lagtime", "feeds", "returns", "orders", "inventory", "content")


@dataclass(frozen=True)
class Account:
    """A seller's keys. scopes: area -> full_access | view_only | no_access; areas left out have full access."""

    client_id: str
    client_secret: str
    partner_id: str = "100009"
    scopes: Mapping[str, str] = field(default_factory=dict)

    def access(self, area: str) -> str:
        return self.scopes.get(area, "full_access")


@dataclass(frozen=True)
class Limit:
    """A token bucket: `calls` at once, refilled evenly over `seconds`."""

    calls: int
    seconds: float = 60.0


# Defaults of walmart.md section 3. Lists and single orders share one bucket.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "token": Limit(30),
        "orders": Limit(5000),
        "acknowledge": Limit(60),
        "shipping": Limit(60),
        "cancel": Limit(60),
        "refund": Limit(60),
    }
)
DEMO_ACCOUNT = Account("sandbox-client", "sandbox-secret")
ERROR_SHAPES = ("errors_list", "error_list", "nested_object", "nested_list")
TIME_FORMATS = ("seconds", "epoch_ms", "iso")


@dataclass(frozen=True)
class SandboxSettings:
    """token_seconds: life of an access token
    error_shape: one of ERROR_SHAPES, or "mixed" (drawn per answer from `seed`)
    replenish_format: how x-next-replenishment-time is written, one of TIME_FORMATS, or "mixed"
    data_dir: where orders are kept; None = memory only
    result_cap: most orders one list query may match
    history_days: orders older than this are not listed
    """

    accounts: tuple[Account, ...] = (DEMO_ACCOUNT,)
    token_seconds: int = 900
    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    error_shape: str = "mixed"
    replenish_format: str = "mixed"
    seed: int = 0
    data_dir: Path | None = None
    result_cap: int = 10_000
    history_days: int = 180
    oversized_bytes: int = 32 * 1024 * 1024

    def __post_init__(self) -> None:
        problems = []
        if not self.accounts or len({a.client_id for a in self.accounts}) != len(self.accounts):
            problems.append("accounts: at least one, each with its own client id")
        if self.error_shape not in (*ERROR_SHAPES, "mixed"):
            problems.append(f"error_shape: one of mixed, {', '.join(ERROR_SHAPES)}")
        if self.replenish_format not in (*TIME_FORMATS, "mixed"):
            problems.append(f"replenish_format: one of mixed, {', '.join(TIME_FORMATS)}")
        if missing := sorted(LIMITS.keys() - self.limits.keys()):
            problems.append(f"limits: missing {', '.join(missing)}")
        if self.token_seconds < 1:
            problems.append("token_seconds: at least 1")
        if problems:
            raise ValueError("sandbox settings: " + "; ".join(problems))
