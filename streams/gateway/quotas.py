"""What each Box may ask for in a second. Pure: seconds that never go back are passed in."""

from __future__ import annotations

from streams.door import Allowance

BURST_REQUESTS, BURST_EVENTS_SECONDS = 4, 10
STRANGERS_PER_SECOND = 20  # calls without a credential we know; each costs a question to Kafka
ENROLMENTS_PER_SECOND = 2


class Quotas:
    """Only Boxes that showed their credential have one, so there are no more of them than were enrolled."""

    def __init__(self, requests_per_second: float, events_per_second: float) -> None:
        self._requests_per_second, self._events_per_second = requests_per_second, events_per_second
        self._requests: dict[str, Allowance] = {}
        self._events: dict[str, Allowance] = {}
        self.strangers = Allowance(STRANGERS_PER_SECOND)
        self.enrolments = Allowance(ENROLMENTS_PER_SECOND, 5 * ENROLMENTS_PER_SECOND)

    def request(self, box: str, now: float) -> float:
        """Seconds to wait before the next call of this Box is taken; 0 when this one is."""
        rate = self._requests_per_second
        allowance = self._requests.setdefault(box, Allowance(rate, max(1.0, BURST_REQUESTS * rate)))
        return 0.0 if allowance.takes(now) else allowance.wait(now)

    def events(self, box: str, count: int, now: float) -> float:
        """The same for events. A batch is taken whole while anything is left; what it took too much has to come in again first."""
        rate = self._events_per_second
        allowance = self._events.setdefault(box, Allowance(rate, max(1.0, BURST_EVENTS_SECONDS * rate)))
        return 0.0 if not count or allowance.takes(now, count) else allowance.wait(now)
