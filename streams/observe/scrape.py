"""What processes say of themselves: open circuit breakers and paused lanes, read from their Prometheus endpoints."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

SCRAPE_SECONDS = 2.0
BREAKER_OPEN = "causeway_breaker_open"
PAUSED = "causeway_stage_paused_lanes"
FAILING = "causeway_poll_failing_seconds"
PUSHES = "causeway_poll_pushes_total"
WELL = ("taken", "repeated")


@dataclass(frozen=True, slots=True)
class Paused:
    """Lanes (partitions) of a stage that wait on purpose."""

    stage: str
    reason: str
    lanes: int


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One process. `problem` is empty when it is well; an endpoint that does not answer is a problem too. `failing`: its poll flows that fail;
    `refused`: messages from outside that it did not take since it started."""

    endpoint: str
    problem: str
    breakers: tuple[str, ...] = ()
    paused: tuple[Paused, ...] = ()
    failing: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def look_at(endpoints: Sequence[str]) -> tuple[ProcessView, ...]:
    """The processes that serve at these host:port, in this order. Never raises: what cannot be reached is said."""
    # Plain HTTP: a context that trusts nobody, as reading the certificates of all authorities takes longer than a scrape.
    with httpx.Client(
        timeout=SCRAPE_SECONDS, trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ) as client:
        return tuple(_look_at(client, endpoint) for endpoint in endpoints)


def _look_at(client: httpx.Client, endpoint: str) -> ProcessView:
    try:
        health = client.get(f"http://{endpoint}/healthz")
        text = client.get(f"http://{endpoint}/metrics").text
        return view_of(endpoint, "" if health.status_code == 200 else health.text.strip()[:200], text)
    except httpx.HTTPError as error:
        return ProcessView(endpoint, f"does not answer ({type(error).__name__})")
    except (httpx.InvalidURL, UnicodeError):
        return ProcessView(endpoint, "is not host:port")
    except ValueError:
        return ProcessView(endpoint, "does not speak Prometheus' text format")


def view_of(endpoint: str, problem: str, exposition: str) -> ProcessView:
    """What the metrics text says. Raises ValueError for text that is none."""
    breakers, paused, failing, refused = [], [], [], []
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == BREAKER_OPEN and sample.value:
                breakers.append(f"{sample.labels['destination']} {sample.labels['operation']}")
            elif sample.name == PAUSED and sample.value:
                paused.append(Paused(sample.labels["stage"], sample.labels["reason"], int(sample.value)))
            elif sample.name == FAILING:
                failing.append(":".join(sample.labels[name] for name in ("source", "account", "flow")))
            elif sample.name == PUSHES and sample.value and sample.labels["result"] not in WELL:
                account = ":".join(sample.labels[name] for name in ("source", "account") if sample.labels[name])
                refused.append(f"{account} {sample.labels['result']} {int(sample.value)}")
    return ProcessView(
        endpoint, problem, tuple(sorted(breakers)), tuple(paused), tuple(sorted(failing)), tuple(sorted(refused))
    )
