"""What is wanted from afar: the gateway's configuration, held over restarts, applied to a running agent; and the report of health that goes back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from edge_iotbox.deliverer import Deliverer
from edge_iotbox.enrolment import Credential
from edge_iotbox.gateway import Gateway, GatewayError
from edge_iotbox.inventory import Wanted
from edge_iotbox.listener import Shared
from edge_iotbox.settings import Settings
from edge_iotbox.spool import Limits
from edge_iotbox.verdicts import Taken
from schemas.edge_contract import OTHER_SPOOL, configuration_of

logger = logging.getLogger(__name__)

KEPT = "configuration"
_MEGABYTE = 1024 * 1024
_DAY_MS = 24 * 3600 * 1000


def limits_of(settings: Settings, afar: Mapping[str, Any]) -> Limits:
    """The spool's limits: what is wanted from afar, else the file's."""
    megabytes = afar.get("spool_megabytes", settings.spool.megabytes)
    days = afar.get("spool_days", settings.spool.days)
    return Limits(megabytes * _MEGABYTE, days * _DAY_MS, settings.spool.when_full)


def wanted_of(settings: Settings, afar: Mapping[str, Any]) -> Wanted:
    """The devices to listen to; `exclude` of the file holds always."""
    return Wanted(tuple(afar.get("devices") or settings.box.devices), settings.box.exclude)


class Afar:
    """Lives in the sending thread. `report`: the health report, made anew at each call; `wake`: ends the poll that waits."""

    def __init__(
        self,
        settings: Settings,
        shared: Shared,
        gateway: Gateway,
        credential: Credential,
        report: Callable[[], dict[str, Any]],
        wake: Callable[[], None],
    ) -> None:
        self._settings, self._all, self._gateway, self._credential = settings, shared, gateway, credential
        self._report, self._wake = report, wake
        self._config: dict[str, Any] = {}
        self._due_ms = 0
        self.deliverer: Deliverer | None = None

    def begin(self) -> None:
        """What was wanted before the restart holds until something else is said."""
        try:
            kept = json.loads(self._all.spool.state(KEPT, "{}"))
            self.apply(configuration_of(kept.get("config", {})), int(kept.get("version", 0)))
        except (ValueError, TypeError, AttributeError):
            logger.warning("configuration_forgotten")

    def apply(self, config: Mapping[str, Any], version: int) -> None:
        """To what runs now."""
        before = self._all.wanted
        self._config = dict(config)
        self._all.wanted = wanted_of(self._settings, config)
        self._all.spool.use(limits_of(self._settings, config))
        self._all.counters.config_version = version
        logging.getLogger().setLevel(config.get("log_level", self._settings.log.level))
        if self.deliverer is not None:
            self.deliverer.most_events = config.get("batch_events", self._settings.send.batch_events)
            self.deliverer.pause = float(config.get("send_seconds", self._settings.send.pause_seconds))
        if before != self._all.wanted:
            self._all.changed.set()
            self._wake()

    def tick(self) -> None:
        """Health when it is due, and the configuration when there is a newer one."""
        if self._credential.renewed() and self.deliverer is not None:
            self.deliverer.forget_wait()
        clock = self._all.teller.clock
        if clock.monotonic_ms() < self._due_ms:
            return
        self._due_ms = clock.monotonic_ms() + 1000 * int(
            self._config.get("health_seconds", self._settings.send.health_seconds)
        )
        if self._all.counters.sender_state in ("not_allowed", OTHER_SPOOL):
            return
        verdict = self._gateway.health(self._report())
        if isinstance(verdict, Taken):
            self.heard_version(verdict.config_version)

    def heard_version(self, version: int | None) -> None:
        """The gateway told the version of what it wants."""
        if version is None or version == self._all.counters.config_version:
            return
        try:
            config, version = self._gateway.configuration()
        except GatewayError as error:
            logger.warning("configuration_not_got why=%s problem=%s", error.why, error)
            return
        self.apply(config, version)
        self._all.intake.keep({KEPT: json.dumps({"config": config, "version": version})})
        logger.info("configuration version=%d settings=%s", version, ",".join(sorted(config)) or "-")
