"""The gateway over HTTPS: events, configuration, health, enrolment. TLS 1.2 at least, certificates checked; plain http to this machine only."""

from __future__ import annotations

import http.client
import json
import logging
import os
import re
import ssl
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge_iotbox.lineage import Lineage
from edge_iotbox.verdicts import TIMEOUT, AskFirst, Later, Refused, Taken, Verdict, verdict_of, whole
from schemas.edge_contract import SPOOL_HEADER, configuration_of
from schemas.hardware import Event, to_batch

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 256 * 1024
GZIP_FROM_BYTES = 1024
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")  # a link by the hash of the signer's name, as c_rehash makes them


class GatewayError(RuntimeError):
    """The gateway could not be reached, or its answer makes no sense. `why` is a word for metrics. `expected`: of a code that was made for another
    Box, that Box."""

    def __init__(self, why: str, what: str, expected: str = "") -> None:
        super().__init__(what)
        self.why, self.expected = why, expected


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Gateway:
    """`token`: asked for at each call, so that a new enrolment is seen. `lineage`: of the spool that sends; who has none can ask, and send nothing.
    Not thread-safe."""

    def __init__(
        self, url: str, token: Callable[[], str], ca_file: Path | None = None, seconds: float = 30.0, lineage: Lineage | None = None
    ) -> None:  # fmt: skip
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError(f"gateway url {url!r}: must be https://HOST[:PORT][/PREFIX]")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError(f"gateway url {url!r}: plain http would show the token to the network; use https")
        self._prefix = parts.path.rstrip("/") + "/edge/v1/"
        self._token, self._host, self._seconds = token, parts.hostname, seconds
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._context = tls_context(ca_file) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None
        self._lineage = lineage
        self._health_problem = ""
        self._asked = ""  # the token of the last question that was answered

    def send(self, events: Sequence[Event]) -> Verdict:
        """One batch; an empty one asks how far the other side is. Never raises for what a network does."""
        token = self._token()
        try:
            if events and self._lineage is not None:
                if token != self._asked:
                    return AskFirst()
                self._lineage.settled(token)  # whoever asked has held the spool against the answer by now
            answer = self._call("POST", "events", to_batch(events), token=token)
            verdict = verdict_of(answer.status, answer.headers, answer.body)
            return verdict if events else self._answered(token, verdict)
        except GatewayError as error:
            return Later(error.why)
        except OSError as error:
            return _no_lineage(error)

    def _answered(self, token: str, verdict: Verdict) -> Verdict:
        """A question's answer. What lay in the spool under another credential may stand under other numbers by now, or be another spool's."""
        if not isinstance(verdict, Taken) or self._lineage is None:
            return verdict
        self._asked = token
        self._lineage.heard()
        return replace(verdict, strict=verdict.strict or not self._lineage.is_settled(token))

    def configuration(self, spool: str = "") -> tuple[dict[str, Any], int]:
        """What is wanted from afar, and its version. `spool`: names to be known by, without beginning to speak. Raises GatewayError."""
        return _configuration(self._call("GET", "config", None, spool=spool))

    def health(self, report: Mapping[str, Any]) -> Verdict:
        """Tells how things are here; `Taken.config_version` is what counts of the answer."""
        try:
            answer = self._call("POST", "health", json.dumps(dict(report), separators=(",", ":")).encode())
        except GatewayError as error:
            return Later(error.why)
        except OSError as error:
            return _no_lineage(error)
        if answer.status == 200:
            self._tell_health("")
            return Taken(0, whole(_object(answer).get("config_version")))
        verdict = verdict_of(answer.status, answer.headers, answer.body)
        self._tell_health(verdict.problem if isinstance(verdict, Refused) else "")
        return verdict

    def _tell_health(self, problem: str) -> None:
        """Once, until it is another one: the reports go on, a minute apart."""
        if problem and problem != self._health_problem:
            logger.error(
                "health_refused problem=%s do=causeway-edge status shows that number; events are sent all the same",
                problem,
            )
        self._health_problem = problem

    def enrol(self, code: str, box: str, name: str, version: str) -> tuple[str, dict[str, Any], int]:
        """A one-time code -> (token, configuration, its version). Raises GatewayError."""
        body = json.dumps({"code": code, "box": box, "name": name, "agent_version": version}).encode()
        answer = self._call("POST", "enrol", body, is_known=False)
        if answer.status != 200:
            document = _object(answer) if answer.status < 500 else {}
            said, expected = str(document.get("error", ""))[:200], str(document.get("expected", ""))[:100]
            raise GatewayError(
                f"status_{answer.status}", f"the gateway answered {answer.status} {said}".strip(), expected
            )
        token = _object(answer).get("token")
        if not isinstance(token, str) or not 16 <= len(token) <= 1000 or not token.isascii() or not token.isprintable():
            raise GatewayError("bad_answer", "the gateway's answer has no token")
        return (token, *_configuration(answer))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _call(
        self, method: str, path: str, body: bytes | None, *, is_known: bool = True, token: str = "", spool: str = ""
    ) -> Answer:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
        if is_known:
            headers["Authorization"] = f"Bearer {token or self._token()}"
            if spool or self._lineage is not None:
                headers[SPOOL_HEADER] = spool or (self._lineage.header() if self._lineage is not None else "")
        if body is not None:
            headers["Content-Type"] = "application/json"
            if len(body) >= GZIP_FROM_BYTES:
                body, headers["Content-Encoding"] = _packed(body), "gzip"
        try:
            return self._exchange(method, self._prefix + path, body, headers)
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise GatewayError(
                "certificate", f"the gateway's certificate is not good: {error.verify_message}"
            ) from error
        except ssl.SSLError as error:
            self.close()
            raise GatewayError("tls", f"TLS failed: {error.reason}") from error
        except TimeoutError as error:
            self.close()
            raise GatewayError(TIMEOUT, f"no answer within {self._seconds:.0f} s") from error
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            self.close()
            raise GatewayError("network", f"{type(error).__name__}: {error}") from error

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        content = response.read(MAX_ANSWER_BYTES + 1)
        if len(content) > MAX_ANSWER_BYTES:
            raise http.client.HTTPException("the answer is too large")
        found = {name.lower(): value for name, value in response.getheaders()}
        if found.get("content-encoding", "").lower() == "gzip":
            content = _unpacked(content)
        if response.will_close:
            self.close()
        return Answer(response.status, found, content)

    def _connect(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._seconds, context=self._context)


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Certificates and names are checked, TLS 1.2 at least. `ca_file`: who may sign them, instead of the system's list. Raises ValueError."""
    folder = None if ca_file else hashed_folder(os.environ)
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None, capath=folder)
    except ssl.SSLError as error:
        raise ValueError(f"send.ca_file: {ca_file} holds no certificate in PEM form") from error
    except OSError as error:
        raise ValueError(f"send.ca_file: {ca_file} cannot be read: {error.strerror}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def hashed_folder(environment: Mapping[str, str]) -> str | None:
    """The system's list as a folder in which OpenSSL finds the one signer it needs, where there is one; the list as one file takes 1.6 MB of memory.

    None where somebody named a list of his own, which counts then.
    """
    paths = ssl.get_default_verify_paths()
    if paths.openssl_cafile_env in environment or paths.openssl_capath_env in environment or not paths.capath:
        return None
    return paths.capath if any(_HASHED.fullmatch(name) for name in os.listdir(paths.capath)) else None


def _no_lineage(error: OSError) -> Verdict:
    """Nothing is sent under a name that a power cut could forget."""
    logger.error("lineage_not_written problem=%s do=make the spool's folder writable", error)
    return Later("lineage_not_written")


def _configuration(answer: Answer) -> tuple[dict[str, Any], int]:
    document = _object(answer)
    version = whole(document.get("config_version"))
    if answer.status != 200 or version is None:
        raise GatewayError(
            f"status_{answer.status}", f"the gateway answered {answer.status} where a configuration was expected"
        )
    try:
        return configuration_of(document.get("config")), version
    except ValueError as error:
        raise GatewayError("bad_configuration", f"a configuration that cannot be: {error}") from error


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _packed(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # 16: with gzip's head and end
    return packer.compress(content) + packer.flush()


def _unpacked(content: bytes) -> bytes:
    """Not more than an answer may have, however much it was packed."""
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(content, MAX_ANSWER_BYTES)
    if unpacker.unconsumed_tail:
        raise http.client.HTTPException("the answer is too large")
    return plain


def _is_loopback(host: str) -> bool:
    if host in ("localhost", "::1"):
        return True
    parts = host.split(".")
    return (
        len(parts) == 4
        and parts[0] == "127"
        and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts)
    )
