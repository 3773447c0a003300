"""The Odoo a bench writes to: the sandbox in a process of its own, or a real server by CAUSEWAY_TEST_ODOO_URL/_DB/_LOGIN/_PASSWORD."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.demo.odoo import OdooTarget, seed_products
from streams.demo.processes import Process, ProcessError
from streams.stack import ports
from tests.bench.cluster import Say
from tests.bench.errors import BenchError

_START_SECONDS = 60.0
_PREFIX = "CAUSEWAY_TEST_ODOO_"


@contextmanager
def odoo_server(say: Say, *, paced: bool) -> Iterator[OdooTarget]:
    """An Odoo with the demo's products; the sandbox at the pace of a real server, if wished. Raises BenchError."""
    if url := os.environ.get(f"{_PREFIX}URL"):
        get = os.environ.get
        target = OdooTarget(
            url.rstrip("/"), get(f"{_PREFIX}DB", "causeway"), get(f"{_PREFIX}LOGIN", "admin"), get(f"{_PREFIX}PASSWORD", ""),
            sandbox=False,
        )  # fmt: skip
        say(f"Odoo at {target.url}, database {target.db}, keeps the orders that the bench writes into it")
        yield _with_products(target)
        return
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        target = OdooTarget(f"http://127.0.0.1:{ports.free_port()}", "bench", "admin", "bench-admin")
        args = ["--port", target.url.rsplit(":", 1)[1], "--data", f"{folder}/odoo", "--db", target.db]
        login = ["--login", target.login, "--password", target.password]
        say("Odoo sandbox" + (" at the pace of a real Odoo" if paced else " at its own pace"))
        module = "tests.bench.paced_odoo" if paced else "connectors.odoo.sandbox"
        process = Process("odoo", module, [*args, *login], {}, Path(folder))
        try:
            process.start()
            process.wait_for_line("listening on", _START_SECONDS)
            yield _with_products(target)
        except ProcessError as error:
            raise BenchError(str(error)) from error
        finally:
            process.stop()


def _with_products(target: OdooTarget) -> OdooTarget:
    try:
        seed_products(target)
    except Exception as error:
        raise BenchError(f"Odoo at {target.url}, database {target.db}, cannot be used: {error}") from error
    return target
