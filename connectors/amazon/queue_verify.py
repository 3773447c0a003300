"""`causeway verify` for the queue of notifications (AUTH-5): does it answer, may we read and delete, may Amazon send, is it read in time, and does
the seller's subscription lead to it?

Nothing is changed: a message that waits may have been seen once more than before, it is neither hidden nor deleted.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors.amazon import queue_check
from connectors.amazon.client import AmazonClient
from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.notification_setup import NAME, NotificationSetup, Queue, queue_remedy
from connectors.amazon.queue_check import Attributes
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.sqs import READS
from connectors.kit.errors import AuthError, ConnectorError
from connectors.kit.ports import Check, SetupStep, StepState

OpenQueue = Callable[[AmazonQueue], Queue]


async def queue_checks(settings: AmazonSettings, account: str, client: AmazonClient, queue: Queue) -> list[Check]:
    """Never raises ConnectorError."""
    steps = await NotificationSetup(settings, account, client, queue).show()
    found = [_check(step, account) for step in steps]
    if not found[0].ok:
        return found
    return [
        *found,
        *[await _right(queue, right, account) for right in READS],
        *await _reading(settings, account, queue),
    ]


async def _right(queue: Queue, right: str, account: str) -> Check:
    what = f"queue right {right}"
    try:
        await queue.try_right(right)
    except AuthError as error:
        return Check(what, False, str(error), f"let the user of the queue's access key {right} on it")
    except ConnectorError as error:
        return Check(what, False, str(error), queue_remedy(error, account))
    return Check(what, True, "works")


async def _reading(settings: AmazonSettings, account: str, queue: Queue) -> list[Check]:
    keys = settings.account(account).queue
    try:
        found = Attributes(await queue.attributes())
    except ConnectorError as error:
        return [Check("queue", False, str(error), queue_remedy(error, account))]
    return queue_check.reading_checks(found, keys, account) if keys is not None else []


def _check(step: SetupStep, account: str) -> Check:
    if step.state is StepState.ABSENT:
        detail = f"not there{f': {step.detail}' if step.detail else ''}, so orders are polled only"
        return Check(step.what, False, detail, f"`causeway setup add amazon:{account} {NAME}`")
    return Check(step.what, step.state is StepState.THERE, step.detail, step.remedy)
