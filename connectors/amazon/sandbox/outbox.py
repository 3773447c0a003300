"""Notifications on their way to a queue: at least once, in no promised order, kept until the queue has taken them."""

import logging
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connectors.amazon.sandbox.settings import SandboxSettings
from connectors.kit.sandbox.database import Database

logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, arn TEXT NOT NULL, body TEXT NOT NULL, due REAL NOT NULL);
"""
RETRY_SECONDS = 5.0
# Puts a text into the queue of an ARN. Raises SendError.
Sender = Callable[[str, str], None]


class SendError(Exception):
    """The queue did not take it."""


class SqsSender:
    """boto3, opened late. Keys come from where boto3 finds them; a local endpoint takes any."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._endpoint = settings.sqs_endpoint
        self._region = settings.sqs_region
        self._urls: dict[str, str] = {}
        self._clients: dict[str, Any] = {}

    def __call__(self, arn: str, text: str) -> None:
        try:
            _, _, _, region, owner, name = arn.split(":", 5)
            client = self._client(region or self._region)
            if arn not in self._urls:
                found = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=owner)
                self._urls[arn] = found["QueueUrl"]
            client.send_message(QueueUrl=self._urls[arn], MessageBody=text)
        except (BotoCoreError, ClientError, ValueError) as error:
            raise SendError(type(error).__name__) from error

    def _client(self, region: str) -> Any:  # boto3 makes its clients at run time
        if region not in self._clients:
            keys = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"} if self._endpoint else {}
            config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
            endpoint = self._endpoint or None
            self._clients[region] = boto3.client(
                "sqs", region_name=region, endpoint_url=endpoint, config=config, **keys
            )
        return self._clients[region]


class Outbox:
    """Messages in the sandbox's database until `send` has taken them."""

    def __init__(self, database: Database, send: Sender) -> None:
        self._db = database
        self.send = send
        self.sent = 0
        database.create(_SCHEMA, ("outbox",))

    def add(self, account: str, arn: str, text: str, due: float) -> None:
        self._db.execute("INSERT INTO outbox (account, arn, body, due) VALUES (?,?,?,?)", (account, arn, text, due))

    def flush(self, now: float) -> None:
        """Sends what is due; what a queue does not take stays for later, with all that is for the same queue."""
        rows = list(self._db.execute("SELECT id, arn, body FROM outbox WHERE due <= ? ORDER BY due, id", (now,)))
        gone: set[str] = set()
        for number, arn, text in rows:
            if arn in gone or not self._sent(arn, text):
                gone.add(arn)
                self._db.execute("UPDATE outbox SET due = ? WHERE id = ?", (now + RETRY_SECONDS, number))
            else:
                self._db.execute("DELETE FROM outbox WHERE id = ?", (number,))
                self.sent += 1

    def _sent(self, arn: str, text: str) -> bool:
        try:
            self.send(arn, text)
        except SendError as error:
            logger.warning("notification not sent", extra={"arn": arn, "error": str(error)})
            return False
        return True

    def waiting(self, account: str) -> int:
        return self._db.number("SELECT count(*) FROM outbox WHERE account = ?", (account,))
