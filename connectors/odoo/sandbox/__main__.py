"""``python -m connectors.odoo.sandbox --port 8069 --data DIR``."""

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from connectors.kit.sandbox.server import serve
from connectors.odoo.sandbox.app import create_app
from connectors.odoo.sandbox.settings import SandboxSettings

PASSWORD_VARIABLE = "ODOO_SANDBOX_PASSWORD"  # noqa: S105 - the name of the variable


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m connectors.odoo.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8069, help="0 takes a free one; default %(default)s")
    parser.add_argument("--data", type=Path, help="folder of the database; without it nothing is kept")
    parser.add_argument("--db", default="sandbox", help="name of the database; default %(default)s")
    parser.add_argument("--login", default="admin", help="the administrator's login; default %(default)s")
    parser.add_argument("--password", help=f"the administrator's password; default ${PASSWORD_VARIABLE}, else admin")
    parser.add_argument("--latency-ms", type=int, default=0, help="added to every call; default %(default)s")
    parser.add_argument("--workers", type=int, default=4, help="calls served at once; default %(default)s")
    return parser.parse_args(argv)


def settings_from(options: argparse.Namespace, environment: dict[str, str]) -> SandboxSettings:
    password = options.password or environment.get(PASSWORD_VARIABLE, "admin")
    return SandboxSettings(
        options.data, options.db, options.login, password, workers=options.workers, latency_ms=options.latency_ms
    )


def main() -> int:
    options = arguments()
    try:
        serve(create_app(settings_from(options, dict(os.environ))), options.port, "Odoo sandbox")
    except sqlite3.Error as error:
        sys.stderr.write(f"cannot open the database in {options.data}: {error}; does another sandbox run on it?\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
