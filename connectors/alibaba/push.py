"""Messages the platform pushes, as the poller's door gets them: the signature first, over all form fields as they came, then what it is about
(SEC-5; facts: the platform's message pages). Pure but for the secrets, which are read once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qsl

from pydantic import SecretStr

from connectors.alibaba import message_source, product_source, source
from connectors.alibaba.messages import AUTHORISATION_ENDED, message_in
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.signing import is_signed_message
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.pushes import Pushed, Pushes, UnreadableError, WrongSignatureError

_MOST_FIELDS = 20
_MESSAGE = "message"


def pushes(settings: AlibabaSettings) -> Pushes | None:
    """None where no port is configured, or no account. Raises OSError for a secret's file that cannot be read, ValueError for an account without
    a secret: anybody could sign for it."""
    webhook = settings.webhook
    if not webhook.port or not settings.accounts:
        return None
    secrets = {name: account.secret() for name, account in settings.accounts.items()}
    if without := sorted(name for name, secret in secrets.items() if not secret.get_secret_value()):
        raise ValueError(f"no app_secret of {', '.join(without)}: messages cannot be told from forged ones")
    return Pushes(
        webhook.host, webhook.port, frozenset(secrets), timedelta(minutes=webhook.window_minutes),
        timedelta(minutes=webhook.ahead_minutes), message_source.FLOW, partial(pushed, secrets),
    )  # fmt: skip


def pushed(secrets: Mapping[str, SecretStr], account: str, body: bytes, query: str = "") -> Pushed:
    """`secrets`: account -> its app's. Raises WrongSignatureError, UnreadableError, ValueError."""
    fields = _fields(body.decode("ascii"), query)
    if not is_signed_message(fields, secrets[account].get_secret_value()):
        raise WrongSignatureError("the signature is not the app's")
    content = fields.get(_MESSAGE, "").encode()
    try:
        message = message_in(exact_json.loads(content))
    except DataError as error:
        raise UnreadableError(str(error)) from None
    wanted = {source.FLOW: message.orders, product_source.FLOW: message.offers}
    alert = "reauthorise" if message.kind == AUTHORISATION_ENDED else ""
    named = {flow: ids for flow, ids in wanted.items() if ids}
    odd = None if message.known else message_source.unknown_type(account, message.id, content)
    return Pushed(message.id, message.kind, message.born, named, odd, alert)


def _fields(body: str, query: str) -> dict[str, str]:
    """As decoded, byte for byte. What the address brings counts too: so the platform's own client signs."""
    pairs = [
        pair
        for text in (body, query)
        for pair in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    ]
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands there twice")
    return found
