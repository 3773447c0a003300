"""How a sandbox behaves: accounts, lifetimes, limits. Read once at start; nothing here comes from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from connectors.kit.sandbox.buckets import Limit

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


_HOUR = 3600.0
# Defaults of walmart.md section 3. Lists and single orders share one bucket. Those marked "ours" are not published: the
# number of the nearest call that is.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "token": Limit(30),
        "orders": Limit(5000),
        "acknowledge": Limit(60),
        "shipping": Limit(60),
        "cancel": Limit(60),
        "refund": Limit(60),
        "inventory_read": Limit(200),  # ours
        "inventory_write": Limit(200),
        "inventories_read": Limit(200),
        "inventories_write": Limit(200),
        "wfs_inventory": Limit(200),  # ours
        "ship_nodes": Limit(100),  # ours
        "price": Limit(100, _HOUR),
        "items": Limit(300),
        "items_query": Limit(60),
        "item": Limit(900),
        "item_query": Limit(60),
        "retire": Limit(60),  # ours
        "taxonomy": Limit(60),  # ours
        "item_spec": Limit(3),
        "feed_status": Limit(5000),
        "feed_inventory": Limit(10, _HOUR),
        "feed_mp_inventory": Limit(50, _HOUR),
        "feed_price": Limit(10, _HOUR),
        "feed_item": Limit(10, _HOUR),
        "feed_maintenance": Limit(10, _HOUR),
        "feed_match": Limit(20, _HOUR),
        "feed_retire": Limit(10, _HOUR),  # ours
        "returns": Limit(50),
        "return_refund": Limit(60),
        "recon_dates": Limit(100),  # ours
        "recon_file": Limit(100),
        "recon_json": Limit(100),  # ours
        "statement": Limit(15),
        "report_request": Limit(60),  # ours
        "report_status": Limit(60),  # ours
    }
)
DEMO_ACCOUNT = Account("sandbox-client", "sandbox-secret")
ERROR_SHAPES = ("errors_list", "error_list", "nested_object", "nested_list")
TIME_FORMATS = ("seconds", "epoch_ms", "iso")


@dataclass(frozen=True)
class SandboxSettings:
    """token_seconds: life of an access token
    rate_factor: every limit times this; above 1 for demos and tests that may not wait for hours
    error_shape: one of ERROR_SHAPES, or "mixed" (drawn per answer from `seed`)
    replenish_format: how x-next-replenishment-time is written, one of TIME_FORMATS, or "mixed"
    data_dir: where orders are kept; None = memory only
    result_cap: most orders one list query may match
    history_days: orders older than this are not listed
    nodes: ship nodes of every seller, besides the one that has the partner id for its name
    feed_seconds, publish_seconds, report_seconds: from..to, how long a feed takes, then an item's publication, a report
    retire_seconds: how long a retirement takes
    return_seconds: (in transit, received, refunded by Walmart) after a return was opened, for returns that go by themselves
    unpublished_share: share of the items set up that end UNPUBLISHED
    item_versions, match_versions: accepted versions of MPItemFeedHeader; the latter for MP_ITEM_MATCH besides
    item_page_max: most items a page may have (50 in the model of 2023, 1000 reported in 2026)
    cursor_seconds: life of an item cursor since its last use
    link_seconds: life of a report's download address
    """

    accounts: tuple[Account, ...] = (DEMO_ACCOUNT,)
    token_seconds: int = 900
    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    rate_factor: float = 1.0
    error_shape: str = "mixed"
    replenish_format: str = "mixed"
    seed: int = 0
    data_dir: Path | None = None
    result_cap: int = 10_000
    history_days: int = 180
    oversized_bytes: int = 32 * 1024 * 1024
    nodes: tuple[str, ...] = ("10000003527",)
    feed_seconds: tuple[float, float] = (0.5, 2.0)
    publish_seconds: tuple[float, float] = (0.5, 2.0)
    report_seconds: tuple[float, float] = (0.5, 2.0)
    retire_seconds: float = 1.0
    return_seconds: tuple[float, float, float] = (2.0, 4.0, 8.0)
    unpublished_share: float = 0.0
    item_versions: tuple[str, ...] = ("5.0.20260608-18_15_07-api",)
    match_versions: tuple[str, ...] = ("4.1", "4.2")
    item_page_max: int = 1000
    cursor_seconds: float = 120.0
    link_seconds: float = 600.0

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
        if not 0 < self.rate_factor <= 1_000_000 or not 0.0 <= self.unpublished_share <= 1.0:
            problems.append("rate_factor: above 0; unpublished_share: 0 to 1")
        spans = (self.feed_seconds, self.publish_seconds, self.report_seconds)
        if any(not 0 <= low <= high for low, high in spans) or self.retire_seconds < 0:
            problems.append("feed_seconds, publish_seconds, report_seconds: from..to, not negative")
        if list(self.return_seconds) != sorted(self.return_seconds) or self.return_seconds[0] < 0:
            problems.append("return_seconds: three growing numbers")
        if any(not version.strip() or version == "5.0" for version in self.item_versions) or not self.item_versions:
            problems.append('item_versions: full versions; a bare "5.0" is refused by Walmart')
        if problems:
            raise ValueError("sandbox settings: " + "; ".join(problems))

    def scaled_limits(self) -> dict[str, Limit]:
        """The limits under rate_factor, at least one call each."""
        return {
            name: replace(limit, calls=max(1, round(limit.calls * self.rate_factor)))
            for name, limit in self.limits.items()
        }

    def nodes_of(self, client_id: str) -> tuple[str, ...]:
        """Ship nodes of a seller, the default one first."""
        partner = next((one.partner_id for one in self.accounts if one.client_id == client_id), client_id)
        return (partner, *(node for node in self.nodes if node != partner))
