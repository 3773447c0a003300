"""The health check of the gateway: tells its time and wants no token (alibaba.md section 2)."""

from connectors.alibaba.sandbox import moments
from connectors.alibaba.sandbox.parts import Call, Handler, Part


class SystemApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {"currentTime": self.current_time}

    def current_time(self, call: Call) -> str:
        return moments.stamp(call.now)
