"""Is the queue one into which Amazon can put notifications, and out of which we read them in time? Pure: judged by what SQS says of it.

Amazon's account 437568002678 sends, into standard queues only. It needs SQS:SendMessage and SQS:GetQueueAttributes by the queue's policy. Where
the queue is encrypted by a key of KMS, it needs kms:GenerateDataKey and kms:Decrypt by that key's policy too, which cannot be seen from here.
Without the policy Amazon refuses the destination with 403, or its messages never come. (Sources: docs "Set up notifications with Amazon SQS";
issues 1682 and 2043 of the vendor's repositories. What attributes mean: AWS, SQS API reference.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.notifications import MOST_SECONDS
from connectors.kit.ports import Check

AMAZON = "437568002678"
SENDS = ("sqs:SendMessage", "sqs:GetQueueAttributes")
KEY_RIGHTS = ("kms:GenerateDataKey", "kms:Decrypt")
_DAY = 86_400
_SLACK_SECONDS = 30  # to publish what was asked for
_LARGEST_BYTES = 256 * 1024
_LONGEST_DELAY = 60
_SETTING = "CAUSEWAY_AMAZON__ACCOUNTS__{account}__QUEUE__"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What SQS says of a queue (GetQueueAttributes), by AWS's names."""

    values: Mapping[str, str]

    @property
    def arn(self) -> str:
        return self.values.get("QueueArn", "")

    def number(self, name: str) -> int:
        """0 when it is not told."""
        text = self.values.get(name, "")
        return int(text) if text.isdecimal() else 0


def arn_of(queue: AmazonQueue) -> str:
    """The queue's name for AWS as its address says it; "" when the address does not end in account and name."""
    owner, _, name = queue.url.split("://", 1)[-1].partition("/")[2].rpartition("/")
    return f"arn:aws:sqs:{queue.region_name}:{owner}:{name}" if re.fullmatch(r"\d{12}", owner) else ""


def statement(arn: str) -> dict[str, Any]:
    """What the queue's policy has to say."""
    return {
        "Sid": "AmazonSellingPartnerApi",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{AMAZON}:root"},
        "Action": list(SENDS),
        "Resource": arn,
    }


def arrival_checks(found: Attributes) -> list[Check]:
    """Can Amazon put anything in? Type, policy, key."""
    return [_type(found), _policy(found.values.get("Policy", ""), found.arn), *_key(found)]


def reading_checks(found: Attributes, queue: AmazonQueue, account: str) -> list[Check]:
    """Is what is in it read in time, and kept until then?"""
    return [
        _waiting(found),
        _kept(found),
        _hidden(found, queue, account),
        *_redrive(found, queue, account),
        *_limits(found),
    ]


def _type(found: Attributes) -> Check:
    if found.values.get("FifoQueue") == "true" or found.arn.endswith(".fifo"):
        return Check(
            "queue type",
            False,
            "a FIFO queue, into which Amazon sends nothing",
            "make a standard queue and set its address",
        )
    return Check("queue type", True, "a standard queue")


def _policy(text: str, arn: str) -> Check:
    what = "queue policy"
    add = f"add this statement to the queue's policy: {json.dumps(statement(arn))}"
    try:
        listed = json.loads(text)["Statement"] if text else []
    except (ValueError, KeyError, TypeError):
        return Check(what, False, "cannot be read as a policy", add)
    statements = [one for one in (listed if isinstance(listed, list) else [listed]) if isinstance(one, dict)]
    if any(_is(one, "Deny") and not _unclear(one) and _about(one, right, arn) for one in statements for right in SENDS):
        return Check(
            what,
            False,
            f"a statement denies what Amazon's account {AMAZON} needs",
            "take that statement out, or give it a condition",
        )
    allowing = {right: [one for one in statements if _is(one, "Allow") and _about(one, right, arn)] for right in SENDS}
    if missing := [right for right, them in allowing.items() if not them]:
        return Check(what, False, f"does not let Amazon's account {AMAZON} {' and '.join(missing)}", add)
    if any(_everyone(one) and not _unclear(one) for one in allowing[SENDS[0]]):
        return Check(
            what,
            False,
            "lets everyone send, not only Amazon",
            f"name Amazon's account alone as principal: arn:aws:iam::{AMAZON}:root",
        )
    if any(all(_unclear(one) for one in them) for them in allowing.values()):
        return Check(
            what, True, f"lets Amazon's account {AMAZON} send under conditions, which cannot be judged from here"
        )
    return Check(what, True, f"lets Amazon's account {AMAZON} send")


def _is(one: Mapping[str, Any], effect: str) -> bool:
    return one.get("Effect") == effect


def _unclear(one: Mapping[str, Any]) -> bool:
    """Whether it depends on what is known only when something is sent."""
    return bool(one.get("Condition")) or any(name in one for name in ("NotPrincipal", "NotAction", "NotResource"))


def _about(one: Mapping[str, Any], right: str, arn: str) -> bool:
    """Whether it is about Amazon, that right and that queue."""
    principals = _texts(one.get("Principal"))
    amazon = {AMAZON, f"arn:aws:iam::{AMAZON}:root", "*"}
    return (
        ("NotPrincipal" in one or bool(amazon & set(principals)))
        and (
            "NotAction" in one or any(_matches(pattern.lower(), right.lower()) for pattern in _texts(one.get("Action")))
        )
        and ("NotResource" in one or any(_matches(pattern, arn) for pattern in _texts(one.get("Resource"))))
    )


def _everyone(one: Mapping[str, Any]) -> bool:
    return "*" in _texts(one.get("Principal"))


def _texts(value: Any) -> Sequence[str]:
    """A text, a list of them, or principals by kind: AWS writes all three."""
    if isinstance(value, Mapping):
        value = value.get("AWS")
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str)]


def _matches(pattern: str, text: str) -> bool:
    """As AWS means `*` and `?`."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def _key(found: Attributes) -> list[Check]:
    key = found.values.get("KmsMasterKeyId", "")
    rights = " and ".join(KEY_RIGHTS)
    if not key:
        return []
    if key.endswith("alias/aws/sqs"):
        remedy = f"encrypt by SSE-SQS, or by a key of your own whose policy lets {AMAZON} {rights}"
        return [Check("queue key", False, "encrypted by AWS's own key of KMS, which Amazon may not use", remedy)]
    return [
        Check(
            "queue key",
            True,
            f"encrypted by a key of KMS; its policy has to let {AMAZON} {rights}, which cannot be seen from here",
        )
    ]


def _waiting(found: Attributes) -> Check:
    wait, hidden = found.number("ApproximateNumberOfMessages"), found.number("ApproximateNumberOfMessagesNotVisible")
    return Check("queue messages", True, f"about {wait} wait, {hidden} are being read")


def _kept(found: Attributes) -> Check:
    kept = found.number("MessageRetentionPeriod")
    if 0 < kept < _DAY:
        remedy = "set MessageRetentionPeriod to 1209600 (14 days); the order list makes up for what is lost, later"
        return Check("queue retention", False, f"messages are dropped after {kept} s, so an outage loses them", remedy)
    return Check("queue retention", True, f"messages are kept for {kept / _DAY:.3g} days")


def _hidden(found: Attributes, queue: AmazonQueue, account: str) -> Check:
    needed, name = MOST_SECONDS + _SLACK_SECONDS, f"{_SETTING.format(account=account.upper())}HIDDEN_SECONDS"
    if queue.hidden_seconds < needed:
        detail = f"what was read comes again after {queue.hidden_seconds} s, while it is still worked on"
        return Check("queue visibility timeout", False, detail, f"set {name} to {needed} or more")
    own = found.number("VisibilityTimeout")
    return Check(
        "queue visibility timeout",
        True,
        f"{queue.hidden_seconds} s by each reading; the queue's own ({own} s) does not count",
    )


def _redrive(found: Attributes, queue: AmazonQueue, account: str) -> list[Check]:
    try:
        most = int(json.loads(found.values.get("RedrivePolicy") or "{}").get("maxReceiveCount", 0))
    except (ValueError, TypeError, AttributeError):
        most = 0
    if not 0 < most <= queue.give_up_after:
        return []
    name = f"{_SETTING.format(account=account.upper())}GIVE_UP_AFTER"
    return [
        Check(
            "queue redrive policy", False, f"SQS sets a message aside after {most} readings, before it counts as a problem here",
            f"raise maxReceiveCount above {name} ({queue.give_up_after}), or take the redrive policy out",
        )
    ]  # fmt: skip


def _limits(found: Attributes) -> list[Check]:
    checks = []
    if 0 < (size := found.number("MaximumMessageSize")) < _LARGEST_BYTES:
        checks.append(
            Check(
                "queue message size",
                False,
                f"messages above {size} bytes are refused",
                f"set MaximumMessageSize to {_LARGEST_BYTES}",
            )
        )
    if (delay := found.number("DelaySeconds")) > _LONGEST_DELAY:
        checks.append(Check("queue delay", False, f"every message is held back for {delay} s", "set DelaySeconds to 0"))
    return checks
