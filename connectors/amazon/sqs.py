"""The queue Amazon puts notifications in: the seller's own, in AWS. boto3 signs and talks, in a thread; it takes neither keys nor addresses from
its surroundings, and its logs, which quote requests and answers, are silenced.

A message that was received is hidden for a while. It is gone only when it is deleted, which whoever reads does when its content is safe.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from connectors.amazon.incoming_settings import AmazonQueue
from connectors.kit.errors import AuthError, ConnectorError, StopError, ThrottledError, TransientError

T = TypeVar("T")
MOST = 10  # messages in one call
_RECEIVED = "ApproximateReceiveCount"
_REFUSED = frozenset(
    {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "ExpiredToken",
     "InvalidAccessKeyId", "MissingAuthenticationToken", "OptInRequired", "AuthFailure", "AccessDeniedError", "KmsAccessDenied",
     "KMS.AccessDeniedException"}
)  # fmt: skip
_MISSING = ("NonExistentQueue", "QueueDoesNotExist", "InvalidAddress")
_THROTTLED = ("Throttl", "RequestLimitExceeded", "OverLimit")
# Said to who has the right, of a receipt that is none.
_NO_RECEIPT = ("ReceiptHandleIsInvalid", "InvalidParameterValue")
LOOKS = "sqs:GetQueueAttributes"
# What reading takes -> how it is tried without changing anything.
READS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
# A profile of whoever started us: its name would have to exist, and its settings would count (name in files, variable, default, conversion).
_NO_PROFILE = {"profile": (None, None, None, None), "config_file": (None, None, "", None)}
_NOISY = ("boto3", "botocore", "urllib3")


@dataclass(frozen=True, slots=True)
class Message:
    """receipt: by which it is deleted; times: how often it was received, this one included."""

    receipt: str
    body: str
    times: int = 1


class SqsQueue:
    """Raises `connectors.kit.errors` only. Calls of one queue may overlap."""

    def __init__(self, settings: AmazonQueue, proxy: str = "") -> None:
        self._settings = settings
        self._proxy = proxy
        self._client: Any = None
        self._lock = threading.Lock()

    async def receive(self) -> list[Message]:
        """Up to ten messages; none when none came in time."""

        def call(client: Any) -> list[Message]:
            answer = client.receive_message(
                QueueUrl=self._settings.url, MaxNumberOfMessages=MOST, WaitTimeSeconds=self._settings.wait_seconds,
                VisibilityTimeout=self._settings.hidden_seconds, MessageSystemAttributeNames=[_RECEIVED],
            )  # fmt: skip
            return [_message(one) for one in answer.get("Messages", [])]

        return await self._run("read the queue", call)

    async def delete(self, messages: Sequence[Message]) -> None:
        """They never come again."""
        await self._each("delete from the queue", messages, "delete_message_batch", {})

    async def release(self, messages: Sequence[Message], seconds: int) -> None:
        """They come again after so many seconds, to whoever reads then."""
        await self._each(
            "release in the queue", messages, "change_message_visibility_batch", {"VisibilityTimeout": seconds}
        )

    async def arn(self) -> str:
        """The queue's name for AWS, which a destination is made of."""

        return (await self.attributes())["QueueArn"]

    async def attributes(self) -> dict[str, str]:
        """All that SQS says of the queue."""

        def call(client: Any) -> dict[str, str]:
            found = client.get_queue_attributes(QueueUrl=self._settings.url, AttributeNames=["All"])
            return {str(name): str(value) for name, value in found["Attributes"].items()}

        return await self._run("look at the queue", call)

    async def try_right(self, right: str) -> None:
        """One of READS. Raises AuthError when the user lacks it. Nothing is hidden or deleted; of a message that waits one more reading is
        counted."""
        url, receipt = self._settings.url, [{"Id": "0", "ReceiptHandle": "causeway-verify"}]

        def call(client: Any) -> None:
            match right:
                case "sqs:ReceiveMessage":
                    client.receive_message(QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=0, VisibilityTimeout=0)
                case "sqs:DeleteMessage":
                    client.delete_message_batch(QueueUrl=url, Entries=receipt)
                case _:
                    entries = [{**receipt[0], "VisibilityTimeout": 0}]
                    client.change_message_visibility_batch(QueueUrl=url, Entries=entries)

        try:
            await self._run(right, call)
        except ConnectorError as error:
            if error.code not in _NO_RECEIPT:
                raise

    async def aclose(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    async def _each(self, what: str, messages: Sequence[Message], method: str, more: dict[str, Any]) -> None:
        for start in range(0, len(messages), MOST):
            part = messages[start : start + MOST]
            entries = [{"Id": str(number), "ReceiptHandle": one.receipt, **more} for number, one in enumerate(part)]

            def call(client: Any, entries: list[dict[str, Any]] = entries) -> int:
                return len(getattr(client, method)(QueueUrl=self._settings.url, Entries=entries).get("Failed", []))

            if failed := await self._run(what, call):
                raise TransientError(f"{what}: {failed} of {len(part)} messages were not taken; they come again")

    async def _run(self, what: str, call: Callable[[Any], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError  # importing it binds a socket: not before it is used

        failure: ConnectorError
        try:
            return await asyncio.to_thread(lambda: call(self._open()))
        except ClientError as error:
            failure = _refusal(what, str(error.response.get("Error", {}).get("Code", "")))
        except BotoCoreError as error:
            failure = TransientError(f"{what}: SQS cannot be reached ({type(error).__name__})")
        except OSError as error:
            failure = AuthError(f"{what}: secret_access_key_file cannot be read ({type(error).__name__})")
        if isinstance(failure, AuthError):
            await self.aclose()  # the next try reads the keys anew
        # Raised out here, so that the foreign error, which quotes the request, is not chained.
        raise failure

    def _open(self) -> Any:
        import boto3
        import botocore.session
        from botocore.config import Config

        quiet()
        with self._lock:
            if self._client is None:
                one = self._settings
                session = boto3.session.Session(
                    botocore_session=botocore.session.Session(session_vars=_NO_PROFILE),
                    aws_access_key_id=one.access_key_id.get_secret_value(),
                    aws_secret_access_key=one.secret().get_secret_value(),
                    region_name=one.region_name,
                )
                config = Config(
                    connect_timeout=10, read_timeout=one.wait_seconds + 20, retries={"total_max_attempts": 2},
                    ignore_configured_endpoint_urls=True, proxies={"https": self._proxy, "http": self._proxy} if self._proxy else {},
                )  # fmt: skip
                self._client = session.client("sqs", endpoint_url=one.endpoint or _server_of(one.url), config=config)
            return self._client


def _server_of(url: str) -> str:
    """Where a queue is talked to: where its address says, which may be a VPC's own endpoint, or a test's server."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def quiet() -> None:
    """At level DEBUG they write requests with their signatures, key ids, and messages with what they tell of buyers (SEC-3)."""
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _refusal(what: str, code: str) -> ConnectorError:
    """By the error code of AWS; its words may quote keys and are not told."""
    text = f"{what}: SQS answered {code[:80]}"
    if code in _REFUSED:
        return AuthError(
            f"{text}; check access_key_id, its secret and what the queue's policy lets that user do", code=code
        )
    if any(word in code for word in _MISSING):
        return StopError(f"{text}; check the queue's url and region, and that the user may use it", code=code)
    if any(word in code for word in _THROTTLED):
        return ThrottledError(text, code=code)
    return TransientError(text, code=code)


def _message(raw: Any) -> Message:
    count = str(raw.get("Attributes", {}).get(_RECEIVED, "1"))
    return Message(str(raw["ReceiptHandle"]), str(raw.get("Body", "")), int(count) if count.isdecimal() else 1)
