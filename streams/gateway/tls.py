"""The certificate the gateway shows, and its renewal without a restart (SEC-1)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from streams.settings import ConfigurationError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Certificate:
    """TLS 1.2 or newer by these files. Raises ConfigurationError for files that cannot be used."""

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate, self._key = certificate, key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._load()
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"CAUSEWAY_GATEWAY__CERTIFICATE, CAUSEWAY_GATEWAY__KEY: cannot be used: {error.strerror or type(error).__name__}"
            ) from None

    def renewed(self) -> bool:
        """Load the files again if they changed, for whoever connects from now on. What cannot be used is told, and the old one stays."""
        try:
            if self._written() == self._seen:
                return False
            self._load()
        except (OSError, ssl.SSLError) as error:
            logger.error("certificate_not_renewed kind=%s", type(error).__name__)
            return False
        logger.info("certificate_renewed")
        return True

    async def keep_renewed(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.renewed()

    def _load(self) -> None:
        seen = self._written()
        fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        fresh.load_cert_chain(self._certificate, self._key)  # a pair that does not fit must not spoil the one in use
        self.context.load_cert_chain(self._certificate, self._key)
        self._seen = seen

    def _written(self) -> tuple[int, int]:
        return Path(self._certificate).stat().st_mtime_ns, Path(self._key).stat().st_mtime_ns
