"""AUTH-5, SEC-3: what `causeway verify` says of the queue when AWS refuses something; moto's server refuses nothing."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import SecretStr

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.amazon.queue_check import statement
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.sqs import LOOKS, READS, SqsQueue
from connectors.amazon.verify import AmazonVerifier
from connectors.kit.ports import Check
from tests.unit.amazon.fake import Fake, account_with, reply, settings_with

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/amazon-orders"
ARN = "arn:aws:sqs:us-east-1:123456789012:amazon-orders"
METHODS = dict(
    zip(
        (LOOKS, *READS),
        ("get_queue_attributes", "receive_message", "delete_message_batch", "change_message_visibility_batch"),
        strict=True,
    )
)


class Sqs:
    """A client of boto3 as far as it is used. failures: method -> what it raises."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Any:
        def call(**arguments: Any) -> dict[str, Any]:
            self.calls.append((method, arguments))
            if method in self.failures:
                raise self.failures[method]
            if method == "get_queue_attributes":
                return {"Attributes": {"QueueArn": ARN, "Policy": json.dumps({"Statement": [statement(ARN)]})}}
            return {}

        return call

    def close(self) -> None:
        pass


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "canary-key-id is not authorized"}}, "AnOperation")


def all_well(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path.endswith("marketplaceParticipations"):
        return reply(
            200, {"payload": [{"marketplace": {"id": "ATVPDKIKX0DER"}, "participation": {"isParticipating": True}}]}
        )
    if path.endswith("/destinations"):
        return reply(200, {"payload": [{"destinationId": "d", "name": "n", "resource": {"sqs": {"arn": ARN}}}]})
    if path.endswith("/subscriptions"):
        return reply(
            200,
            {"payload": {"subscriptions": [{"subscriptionId": "s", "payloadVersion": "1.0", "destinationId": "d"}]}},
        )
    return reply(200, {"orders": []})


def with_queue() -> AmazonSettings:
    queue = AmazonQueue(url=URL, access_key_id=SecretStr("canary-key-id"), secret_access_key=SecretStr("canary"))
    return settings_with(accounts={"main": account_with(queue=queue)})


async def checked(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    monkeypatch.setattr(SqsQueue, "_open", lambda queue: sqs)
    fake = Fake(all_well)
    checks = await AmazonVerifier(with_queue(), lambda account: fake.client, fake.now).verify()
    return {check.subject.removeprefix("amazon main: "): check for check in checks}


def wrong(checks: dict[str, Check]) -> dict[str, Check]:
    return {subject: check for subject, check in checks.items() if not check.ok}


async def test_all_rights_are_tried_and_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """AUTH-5: nothing that is received is hidden, and what is deleted is no message."""
    sqs = Sqs()
    assert wrong(await checked(sqs, monkeypatch)) == {}
    asked = dict(sqs.calls)
    assert set(asked) == set(METHODS.values())
    assert asked["receive_message"]["VisibilityTimeout"] == 0
    receipts = [entry["ReceiptHandle"] for method in READS[1:] for entry in asked[METHODS[method]]["Entries"]]
    assert receipts == ["causeway-verify"] * 2


@pytest.mark.parametrize("right", READS)
@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "KmsAccessDenied"])
async def test_each_right_that_is_missing_is_told_alone(monkeypatch: pytest.MonkeyPatch, right: str, code: str) -> None:
    found = wrong(await checked(Sqs(**{METHODS[right]: refusal(code)}), monkeypatch))
    assert list(found) == [f"queue right {right}"]
    (check,) = found.values()
    assert code in check.detail
    assert right in check.remedy
    assert "canary" not in repr(check)


@pytest.mark.parametrize("right", READS[1:])
@pytest.mark.parametrize("code", ["ReceiptHandleIsInvalid", "InvalidParameterValue"])
async def test_a_receipt_that_is_none_is_what_who_may_is_told(
    monkeypatch: pytest.MonkeyPatch, right: str, code: str
) -> None:
    assert wrong(await checked(Sqs(**{METHODS[right]: refusal(code)}), monkeypatch)) == {}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refusal("AccessDenied"), LOOKS),
        (refusal("InvalidClientTokenId"), "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__ACCESS_KEY_ID"),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), "CAUSEWAY_AMAZON__ACCOUNTS__MAIN__QUEUE__URL"),
        (EndpointConnectionError(endpoint_url=URL), "reaches SQS"),
    ],
)
async def test_a_queue_that_cannot_be_looked_at_is_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    checks = await checked(Sqs(get_queue_attributes=error), monkeypatch)
    found = wrong(checks)
    assert list(found) == ["queue"]
    assert words in found["queue"].remedy
    assert "canary" not in repr(checks)
