"""`causeway setup ... notifications`: the seller's order changes are told into the account's queue (EVT-4, AUTH-5). Shown, made, removed.

    queue          it answers, and Amazon may put something in (`queue_check`); nothing is asked of Amazon before that is so
    destination    the application's, leading to the queue
    subscription   the seller's, to ORDER_CHANGE

The queue itself is made by whoever owns the AWS account: no right to change it is asked for here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connectors.amazon import queue_check
from connectors.amazon.client import AmazonClient
from connectors.amazon.queue_check import Attributes
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.sqs import LOOKS
from connectors.amazon.subscriptions import (
    Subscription,
    destination_of,
    ensure_subscription,
    leading_to,
    subscriptions,
    unsubscribe,
)
from connectors.kit.errors import AuthError, ConnectorError, ForbiddenError, RetryError
from connectors.kit.ports import Check, SetupStep, StepState

NAME = "notifications"
ABOUT = "changed orders are told into the account's queue"
QUEUE, DESTINATION, SUBSCRIPTION = "queue", "destination", "subscription to ORDER_CHANGE"
_NO_QUEUE = "none is configured, so orders are polled only"
_GRANTLESS = frozenset({"invalid_scope", "unauthorized_client", "access_denied", "unsupported_grant_type"})


class Queue(Protocol):
    """See `sqs.SqsQueue`."""

    async def attributes(self) -> dict[str, str]: ...
    async def try_right(self, right: str) -> None: ...
    async def aclose(self) -> None: ...


class NotificationSetup:
    """`Setup` of one account. queue: None when it has none."""

    def __init__(self, settings: AmazonSettings, account: str, client: AmazonClient, queue: Queue | None) -> None:
        self._settings = settings
        self._account = account
        self._keys = settings.account(account)
        self._client = client
        self._queue = queue

    async def show(self) -> Sequence[SetupStep]:
        steps, arn = await self._look()
        return [*steps, *(await self._there(arn) if arn else ())]

    async def add(self) -> Sequence[SetupStep]:
        """Also where a part is there already."""
        steps, arn = await self._look()
        if not arn or any(step.state is not StepState.THERE for step in steps):
            return steps
        before = {step.what: step for step in await self._there(arn)}
        if any(step.state is StepState.WRONG for step in before.values()):
            return [*steps, *before.values()]
        try:
            await ensure_subscription(self._client, arn)
        except ConnectorError as error:
            return [*steps, *await self._after(error, before, arn)]
        return [*steps, *(_made(step, before) for step in await self._there(arn))]

    async def remove(self, *, shared: bool = False) -> Sequence[SetupStep]:
        """The subscription. It works without the queue, which may be gone already."""
        if self._keys.queue is None:
            return [_absent_queue(self._account)]
        if (others := self._others()) and not shared:
            detail = f"{', '.join(others)} hears by it too, being the same seller with the same queue"
            return [
                SetupStep(SUBSCRIPTION, StepState.WRONG, detail, "name --shared if they shall be polled only as well")
            ]
        steps, arn = await self._look()
        arn = arn or queue_check.arn_of(self._keys.queue)
        return await self._removed(arn) if arn else steps

    async def aclose(self) -> None:
        if self._queue is not None:
            await self._queue.aclose()
        await self._client.aclose()

    async def _look(self) -> tuple[list[SetupStep], str]:
        """The steps about the queue, and its name for AWS, "" when it did not tell it."""
        if self._queue is None or self._keys.queue is None:
            return [_absent_queue(self._account)], ""
        try:
            found = Attributes(await self._queue.attributes())
        except ConnectorError as error:
            return [SetupStep(QUEUE, StepState.WRONG, str(error), queue_remedy(error, self._account))], ""
        steps = [SetupStep(QUEUE, StepState.THERE, found.arn)]
        return steps + [_step(check) for check in queue_check.arrival_checks(found)], found.arn

    async def _there(self, arn: str) -> list[SetupStep]:
        """Destination and subscription as they are. What Amazon refuses to tell is a step that is wrong, and the last one."""
        try:
            destination = await destination_of(self._client, arn)
        except ConnectorError as error:
            return [SetupStep(DESTINATION, StepState.WRONG, str(error), destination_remedy(error))]
        if destination is None:
            return [SetupStep(DESTINATION, StepState.ABSENT), SetupStep(SUBSCRIPTION, StepState.ABSENT)]
        steps = [SetupStep(DESTINATION, StepState.THERE, destination.id)]
        try:
            every = await subscriptions(self._client)
        except ConnectorError as error:
            return [*steps, SetupStep(SUBSCRIPTION, StepState.WRONG, str(error), subscription_remedy(error))]
        return [*steps, self._subscription(leading_to(every, destination.id), every)]

    def _subscription(self, found: Subscription | None, every: Sequence[Subscription]) -> SetupStep:
        if found is None:
            elsewhere = f"{len(every)} lead elsewhere" if every else ""
            return SetupStep(SUBSCRIPTION, StepState.ABSENT, elsewhere)
        if lost := found.leaves_out(self._keys.marketplaces):
            call = f"causeway setup {{}} amazon:{self._account} {NAME}"
            remedy = f"`{call.format('remove')}`, then `{call.format('add')}`"
            return SetupStep(SUBSCRIPTION, StepState.WRONG, f"{found.id} does not tell of {lost}", remedy)
        return SetupStep(SUBSCRIPTION, StepState.THERE, found.id)

    async def _after(self, error: ConnectorError, before: dict[str, SetupStep], arn: str) -> list[SetupStep]:
        """Which of the two was refused is seen by what is there now."""
        now = [_made(step, before) for step in await self._there(arn)]
        for number, step in enumerate(now):
            if step.state is StepState.ABSENT:
                remedy = destination_remedy(error) if step.what == DESTINATION else subscription_remedy(error)
                return [*now[:number], SetupStep(step.what, StepState.WRONG, str(error), remedy)]
        return now

    async def _removed(self, arn: str) -> list[SetupStep]:
        steps = await self._there(arn)
        destination = steps[0]
        if destination.state is not StepState.THERE:
            return steps
        kept = SetupStep(
            DESTINATION, StepState.KEPT, f"{destination.detail}, which other sellers of the application may use"
        )
        try:
            found = leading_to(await subscriptions(self._client), destination.detail)
            gone = found is not None and await unsubscribe(self._client, found.id)
        except ConnectorError as error:
            return [kept, SetupStep(SUBSCRIPTION, StepState.WRONG, str(error), destination_remedy(error))]
        if found is None or not gone:
            return [kept, SetupStep(SUBSCRIPTION, StepState.ABSENT)]
        return [kept, SetupStep(SUBSCRIPTION, StepState.REMOVED, found.id)]

    def _others(self) -> list[str]:
        """Other accounts that hear by the same subscription."""
        return [f"amazon:{name}" for name in sharing(self._settings, self._account)]


def sharing(settings: AmazonSettings, account: str) -> list[str]:
    """The other accounts of the same seller and application that read the same queue."""
    keys = settings.account(account)
    if keys.queue is None:
        return []
    mine = (keys.region, keys.seller_id, keys.client_id, keys.queue.url)
    return [
        name
        for name, one in settings.accounts.items()
        if name != account
        and one.queue is not None
        and (one.region, one.seller_id, one.client_id, one.queue.url) == mine
    ]


def queue_remedy(error: ConnectorError, account: str) -> str:
    """What to do when the queue does not answer."""
    setting = f"CAUSEWAY_AMAZON__ACCOUNTS__{account.upper()}__QUEUE__"
    if isinstance(error, AuthError):
        return f"check {setting}ACCESS_KEY_ID and its secret, and let that user {LOOKS} on the queue"
    if isinstance(error, RetryError):
        return f"check that this machine reaches SQS in the queue's region, and {setting}URL"
    return f"correct {setting}URL and {setting}REGION; who lacks {LOOKS} may be told the same"


def destination_remedy(error: ConnectorError) -> str:
    """What to do when Amazon refuses what takes a grantless token."""
    if error.code in _GRANTLESS:
        return (
            "the application gets no token with the scope sellingpartnerapi::notifications: take client id and secret of an application of the "
            "Selling Partner API, as Solution Provider Portal shows them"
        )
    if isinstance(error, ForbiddenError):
        return (
            "wait a minute after changing the queue's policy: Amazon answers so when it may not look at the queue. The region may be "
            "another, too"
        )
    return _plain(error)


def subscription_remedy(error: ConnectorError) -> str:
    """What to do when Amazon refuses the seller's subscription."""
    if isinstance(error, ForbiddenError):
        return (
            "give the application the role Inventory and Order Tracking and have the seller authorise it again; Amazon answers so too "
            "when it may not send into the queue"
        )
    return _plain(error)


def _plain(error: ConnectorError) -> str:
    return "try again later: nothing is half made" if isinstance(error, RetryError) else "see the message"


def _absent_queue(account: str) -> SetupStep:
    names = f"CAUSEWAY_AMAZON__ACCOUNTS__{account.upper()}__QUEUE__URL, ...__ACCESS_KEY_ID and ...__SECRET_ACCESS_KEY"
    return SetupStep(QUEUE, StepState.ABSENT, _NO_QUEUE, f"make one and set {names}")


def _step(check: Check) -> SetupStep:
    return SetupStep(check.subject, StepState.THERE if check.ok else StepState.WRONG, check.detail, check.remedy)


def _made(step: SetupStep, before: dict[str, SetupStep]) -> SetupStep:
    """What is there now and was not before has been made."""
    was = before.get(step.what)
    new = step.state is StepState.THERE and (was is None or was.state is not StepState.THERE)
    return SetupStep(step.what, StepState.MADE, step.detail, step.remedy) if new else step
