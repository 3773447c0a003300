"""What Amazon says is wrong with a listing: Issue of the model. Codes are those of the published examples where these have one (90220, 99022,
90000900, 18155, 18027); the others are numbers sellers know, with words of our own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.kit.sandbox.steering import Json

ERROR, WARNING = "ERROR", "WARNING"
SUPPRESSED, SEARCH_SUPPRESSED, REMOVED = "LISTING_SUPPRESSED", "SEARCH_SUPPRESSED", "CATALOG_ITEM_REMOVED"
ACTIONS = (SUPPRESSED, "ATTRIBUTE_SUPPRESSED", REMOVED, SEARCH_SUPPRESSED)
MISSING, INVALID = "MISSING_ATTRIBUTE", "INVALID_ATTRIBUTE"


@dataclass(frozen=True)
class Issue:
    """marketplaces: none means all; action: what Amazon does because of it."""

    code: str
    message: str
    attributes: tuple[str, ...] = ()
    severity: str = ERROR
    category: str = INVALID
    marketplaces: tuple[str, ...] = ()
    action: str = ""

    def as_json(self) -> Json:
        found: Json = {"code": self.code, "message": self.message, "severity": self.severity}
        if self.attributes:
            found["attributeNames"] = list(self.attributes)
        found["categories"] = [self.category] if self.category else []
        if self.action:
            found["enforcements"] = {"actions": [{"action": self.action}], "exemption": {"status": "NOT_EXEMPT"}}
        if self.marketplaces:
            found["marketplaceIds"] = list(self.marketplaces)
        return found


def fatal(issues: Iterable[Issue]) -> bool:
    """Whether a submission with these is INVALID."""
    return any(one.severity == ERROR for one in issues)


def actions(issues: Sequence[Json], place: str) -> set[str]:
    """What is done to a listing in a marketplace because of its issues."""
    found: set[str] = set()
    for one in issues:
        enforced = one.get("enforcements")
        if not enforced or place not in one.get("marketplaceIds", [place]):
            continue
        if enforced["exemption"]["status"] == "NOT_EXEMPT":
            found |= {action["action"] for action in enforced["actions"]}
    return found


def missing(name: str) -> Issue:
    return Issue("90220", f"'{name}' is required but not supplied.", (name,), category=MISSING)


def unknown_sku(sku: str) -> Issue:
    return Issue("13013", f"The SKU '{sku}' does not exist in the Amazon catalog.", category="")


def wrong(message: str, *names: str, code: str = "90000900") -> Issue:
    return Issue(code, message, names)
