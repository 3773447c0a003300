"""An SQS queue on moto's server, and an Amazon sandbox that sends its notifications there."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from connectors.amazon.sandbox.settings import DEMO_SELLER, Seller
from tests.contract.amazon_box import Box, Json

NOTIFICATIONS = "/notifications/v1"
# What moto's server takes for keys: any.
KEYS = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
REGION = "us-east-1"


@dataclass
class Queue:
    client: Any
    url: str
    arn: str

    def texts(self) -> list[str]:
        """All messages there are, taken out of the queue."""
        found: list[str] = []
        while messages := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for one in messages:
                found.append(one["Body"])
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
        return found

    def changes(self) -> list[Json]:
        """What stands in them, of ORDER_CHANGE."""
        return [json.loads(text)["Payload"]["OrderChangeNotification"] for text in self.texts()]


@contextmanager
def queue_server() -> Iterator[str]:
    """Its address; pass it as `sqs_endpoint` to amazon_box."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def queue_at(endpoint: str, name: str) -> Queue:
    client = boto3.client("sqs", region_name=REGION, endpoint_url=endpoint, **KEYS)
    url = client.create_queue(QueueName=name)["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Queue(client, url, found["Attributes"]["QueueArn"])


def destination(box: Box, arn: str) -> str:
    """Its id."""
    body = {"name": "orders", "resourceSpecification": {"sqs": {"arn": arn}}}
    answer = box.call("POST", f"{NOTIFICATIONS}/destinations", grantless=True, json=body).raise_for_status()
    return str(answer.json()["payload"]["destinationId"])


def subscribe(
    box: Box, destination_id: str, kind: str = "ORDER_CHANGE", seller: Seller = DEMO_SELLER, **more: Any
) -> Any:
    """The answer to a new subscription."""
    body = {"payloadVersion": "1.0", "destinationId": destination_id, **more}
    return box.call("POST", f"{NOTIFICATIONS}/subscriptions/{kind}", seller, json=body)
