"""The latest calls by model and method, for the page. Keeps no arguments and no answers."""

import threading
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RpcCall:
    """at: epoch seconds; error: name of the error, empty when the call succeeded."""

    at: float
    service: str
    model: str
    method: str
    ms: float
    error: str


class RpcCalls:
    def __init__(self, keep: int = 200) -> None:
        self.latest: deque[RpcCall] = deque(maxlen=keep)
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, service: str, model: str, method: str, seconds: float, error: str) -> None:
        call = RpcCall(time.time(), service, model, method, seconds * 1000, error)
        with self._lock:
            self.latest.append(call)
            self.counts[f"{model} {method}".strip()] += 1

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {"counts": dict(self.counts.most_common()), "latest": [asdict(one) for one in self.latest]}
