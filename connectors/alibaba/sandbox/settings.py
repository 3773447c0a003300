"""How a sandbox behaves: buyers, lifetimes, limits. Read once at start; nothing here comes from the environment."""

from dataclasses import dataclass
from pathlib import Path

from connectors.kit.sandbox.buckets import Limit


@dataclass(frozen=True)
class Buyer:
    """A buyer's account and the app it has let in.

    refresh_token: one that is there from the start, so that nobody has to click; static_token: an access token that never ends and has no
    refresh token (self-use apps); each empty = none. single_user: calls need no token at all.
    denied: names of APIs the app may not call (console packages); authorised: False after the buyer has withdrawn the permission.
    redirect_hosts: where the authorisation may come back to; callback_url: where messages are pushed to, empty = nowhere.
    """

    app_key: str
    app_secret: str
    member_id: str
    login_id: str
    refresh_token: str = ""
    static_token: str = ""
    single_user: bool = False
    denied: tuple[str, ...] = ("alibaba.product.get",)
    authorised: bool = True
    redirect_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    callback_url: str = ""

    @property
    def ali_id(self) -> str:
        return self.member_id.removeprefix("b2b-")


# Buyers of the demo and of tests. The second has a static token, as self-use apps have.
DEMO_BUYER = Buyer("9990001", "sandbox-secret-0001", "b2b-9990000001", "sandbox_buyer", "sandbox-refresh-0001")
STATIC_BUYER = Buyer("9990002", "sandbox-secret-0002", "b2b-9990000002", "sandbox_buyer_2", "", "sandbox-static-0002")
# The measured 4 to 5 calls a second (alibaba.md section 11), in bursts.
RATE = Limit(10, 2.0)


@dataclass(frozen=True)
class SandboxSettings:
    """offers: how many are there from the start
    token_seconds, refresh_days: lives of the two tokens; code_seconds: of an authorisation's code
    postpone_days: in the last so many days a refresh token can be renewed
    rate: calls per app key
    timestamp_seconds: how far `_aop_timestamp` may be off; 0 = not looked at
    cancel_after_seconds: a younger order cannot be cancelled
    list_lag_seconds: how long the fault late_in_list keeps a new order out of the list
    current_days: orders of the last so many days are in the current table, others in the history
    push_retry_seconds: waits before the second, the third ... try of a push; push_timeout_seconds: of one try
    push_delay_seconds: of a push that the fault push_delayed strikes
    timeline: steps that new orders go through by themselves, ((seconds after the creation, kind), ...)
    data_dir: where all is kept; None = memory only
    tick_seconds: how often what is due happens without any call; 0 = only with calls
    """

    buyers: tuple[Buyer, ...] = (DEMO_BUYER, STATIC_BUYER)
    offers: int = 40
    token_seconds: int = 36_000
    refresh_days: float = 180.0
    code_seconds: float = 120.0
    postpone_days: float = 30.0
    rate: Limit = RATE
    timestamp_seconds: float = 0.0
    cancel_after_seconds: float = 10.0
    list_lag_seconds: float = 5.0
    current_days: float = 90.0
    push_retry_seconds: tuple[float, ...] = (5.0, 30.0)
    push_timeout_seconds: float = 3.0
    push_delay_seconds: float = 10.0
    timeline: tuple[tuple[float, str], ...] = ()
    seed: int = 0
    data_dir: Path | None = None
    tick_seconds: float = 0.5

    def __post_init__(self) -> None:
        problems = []
        keys = {one.app_key for one in self.buyers}
        if not self.buyers or len(keys) != len(self.buyers) or not all(key.isdigit() for key in keys):
            problems.append("buyers: at least one, each with its own app key of digits")
        if self.token_seconds < 1 or min(self.refresh_days, self.code_seconds, self.rate.calls) <= 0:
            problems.append("token_seconds, refresh_days, code_seconds, rate: above 0")
        waits = (self.cancel_after_seconds, self.list_lag_seconds, self.current_days, *self.push_retry_seconds)
        if min(*waits, self.timestamp_seconds, self.tick_seconds, self.push_delay_seconds, self.offers) < 0:
            problems.append("times and numbers: not negative")
        if problems:
            raise ValueError("sandbox settings: " + "; ".join(problems))
