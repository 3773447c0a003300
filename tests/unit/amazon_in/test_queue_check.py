"""AUTH-5, EVT-4: what SQS says of a queue, judged: can Amazon put notifications in, and are they read in time?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.queue_check import AMAZON, Attributes, arn_of, arrival_checks, reading_checks, statement
from connectors.kit.ports import Check

ARN = "arn:aws:sqs:us-east-1:123456789012:amazon-orders"
ROOT = f"arn:aws:iam::{AMAZON}:root"
GOOD = statement(ARN)
OWNER = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "SQS:*", "Resource": ARN}


def attributes(*statements: dict[str, Any], **changes: str) -> Attributes:
    plain = {
        "QueueArn": ARN,
        "MessageRetentionPeriod": "1209600",
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "262144",
        "DelaySeconds": "0",
        "Policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)}),
    }
    return Attributes({**plain, **changes})


def queue(**changes: Any) -> AmazonQueue:
    plain: dict[str, Any] = {
        "url": "https://sqs.us-east-1.amazonaws.com/123456789012/amazon-orders",
        "access_key_id": SecretStr("x"),
        "secret_access_key": SecretStr("y"),
    }
    return AmazonQueue(**{**plain, **changes})


def wrong(checks: list[Check]) -> dict[str, Check]:
    return {check.subject: check for check in checks if not check.ok}


@pytest.mark.parametrize(
    "statements",
    [
        (GOOD,),
        (OWNER, GOOD),
        ({**GOOD, "Principal": {"AWS": AMAZON}},),
        ({**GOOD, "Principal": {"AWS": ["arn:aws:iam::1:root", ROOT]}},),
        ({**GOOD, "Action": ["SQS:*"]},),
        ({**GOOD, "Action": "sqs:*", "Resource": "*"},),
        ({**GOOD, "Action": ["SQS:SendMessage", "SQS:GetQueue*"], "Resource": "arn:aws:sqs:*:123456789012:amazon-*"},),
        # One right by one statement, the other by another.
        ({**GOOD, "Action": "sqs:SendMessage"}, {**GOOD, "Action": "sqs:GetQueueAttributes"}),
        # A denial of plain http is common, and none of ours.
        (GOOD, {**OWNER, "Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
        # Who is denied is somebody else.
        (GOOD, {**OWNER, "Effect": "Deny"}),
    ],
)
def test_policies_that_let_amazon_send(statements: tuple[dict[str, Any], ...]) -> None:
    assert wrong(arrival_checks(attributes(*statements))) == {}


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ((), "sqs:SendMessage and sqs:GetQueueAttributes"),
        ((OWNER,), "sqs:SendMessage and sqs:GetQueueAttributes"),
        (({**GOOD, "Action": "sqs:SendMessage"},), f"does not let Amazon's account {AMAZON} sqs:GetQueueAttributes"),
        # Issue 2043 of the vendor's documentation: ReceiveMessage in place of GetQueueAttributes, the own account as principal.
        (({**GOOD, "Action": ["sqs:ReceiveMessage", "sqs:SendMessage"]},), "sqs:GetQueueAttributes"),
        (({**GOOD, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},), "does not let"),
        (({**GOOD, "Resource": f"{ARN}-other"},), "does not let"),
        (({**GOOD, "Effect": "Deny"}, GOOD), "denies"),
        ((GOOD, {**GOOD, "Effect": "Deny", "Principal": "*", "Action": "*"}), "denies"),
        (({**GOOD, "Principal": "*"},), "lets everyone send"),
        (({**GOOD, "Principal": {"AWS": "*"}},), "lets everyone send"),
    ],
)
def test_policies_that_do_not(statements: tuple[dict[str, Any], ...], words: str) -> None:
    found = wrong(arrival_checks(attributes(*statements)))
    assert list(found) == ["queue policy"]
    assert words in found["queue policy"].detail
    assert found["queue policy"].remedy


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"Version": "2012-10-17"}', '{"Statement": "x"}'])
def test_a_policy_that_is_none_says_what_to_add(text: str) -> None:
    (check,) = wrong(arrival_checks(attributes(Policy=text))).values()
    assert ROOT in check.remedy
    assert ARN in check.remedy


def test_one_statement_need_not_be_a_list() -> None:
    assert wrong(arrival_checks(attributes(Policy=json.dumps({"Statement": GOOD})))) == {}


def test_conditions_are_told_as_what_they_are() -> None:
    checks = arrival_checks(attributes({**GOOD, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}))
    assert wrong(checks) == {}
    assert any("conditions, which cannot be judged" in check.detail for check in checks)


@pytest.mark.parametrize(
    ("changes", "subject", "words"),
    [
        ({"FifoQueue": "true"}, "queue type", "standard queue"),
        ({"QueueArn": f"{ARN}.fifo"}, "queue type", "standard queue"),
        ({"KmsMasterKeyId": "alias/aws/sqs"}, "queue key", "kms:GenerateDataKey"),
    ],
)
def test_queues_amazon_cannot_use(changes: dict[str, str], subject: str, words: str) -> None:
    found = wrong(arrival_checks(attributes({**GOOD, "Resource": "*"}, **changes)))
    assert list(found) == [subject]
    assert words in found[subject].remedy


@pytest.mark.parametrize("changes", [{"KmsMasterKeyId": "alias/mine"}, {"SqsManagedSseEnabled": "true"}])
def test_other_encryption_is_fine(changes: dict[str, str]) -> None:
    assert wrong(arrival_checks(attributes(GOOD, **changes))) == {}


@pytest.mark.parametrize(
    ("changes", "settings", "subject", "words"),
    [
        ({"MessageRetentionPeriod": "3600"}, {}, "queue retention", "1209600"),
        ({}, {"hidden_seconds": 60}, "queue visibility timeout", "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__HIDDEN_SECONDS to 150"),
        ({"RedrivePolicy": '{"maxReceiveCount": "3"}'}, {}, "queue redrive policy", "QUEUE__GIVE_UP_AFTER (10)"),
        ({"MaximumMessageSize": "1024"}, {}, "queue message size", "262144"),
        ({"DelaySeconds": "900"}, {}, "queue delay", "DelaySeconds to 0"),
    ],
)  # fmt: skip
def test_queues_that_are_not_read_in_time(
    changes: dict[str, str], settings: dict[str, Any], subject: str, words: str
) -> None:
    found = wrong(reading_checks(attributes(GOOD, **changes), queue(**settings), "main"))
    assert list(found) == [subject]
    assert words in found[subject].remedy


@pytest.mark.parametrize("redrive", ["", "{", '{"maxReceiveCount": 50}', '{"maxReceiveCount": "x"}'])
def test_queues_that_are(redrive: str) -> None:
    assert wrong(reading_checks(attributes(GOOD, RedrivePolicy=redrive), queue(), "main")) == {}


@pytest.mark.parametrize(
    ("url", "region", "arn"),
    [
        ("https://sqs.us-east-1.amazonaws.com/123456789012/amazon-orders", "", ARN),
        ("http://127.0.0.1:4100/123456789012/amazon-orders", "us-east-1", ARN),
        ("https://sqs.us-east-1.amazonaws.com/amazon-orders", "", ""),
    ],
)
def test_the_name_for_aws_is_in_the_address(url: str, region: str, arn: str) -> None:
    assert arn_of(queue(url=url, region=region)) == arn
