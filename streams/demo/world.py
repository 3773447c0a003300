"""The demo's world: a stack of its own, the sandboxes, the pipeline's processes, and what they are told. Chaos runs use the same."""

from __future__ import annotations

import json
import random
import shlex
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from connectors.kit.sandbox.catalog import CATALOG, MARKER
from streams.demo.alibaba import Alibaba
from streams.demo.amazon import Amazon
from streams.demo.hands import Hands
from streams.demo.market import Books, Control, Market
from streams.demo.odoo import OdooTarget, add_pictures, connect, seed_products
from streams.demo.packer import Packer
from streams.demo.processes import Process
from streams.demo.shopping import Shopping
from streams.demo.station import Station
from streams.demo.supplier import Supplier
from streams.demo.walmart import Walmart
from streams.demo.warehouses import Warehouses, code_of, found_or_made
from streams.stack import Endpoints, Stack, StackSettings

STOCK = 400  # units of each SKU at the start
_START_SECONDS = 180.0  # so long at most on a machine that does much else
_CONTROL_SECONDS = 20.0

FLUSH_SECONDS = 5.0  # how often changes of stock that are not urgent go out in a demo

_QUICK = ("odoo.sale_orders", "odoo.pickings", "odoo.stock", "odoo.prices", "odoo.refunds")
_INTERVALS = dict.fromkeys(_QUICK, "2s") | {
    "odoo.products": "30s",  # new ones are brought by their stock, sooner (INV-4)
    "odoo.purchase_orders": "3s",
}

Say = Callable[[str], None]

# name -> arguments of `causeway`: the processes of the pipeline; with a packing station also the gateway its Box posts to
PIPELINE: Mapping[str, Sequence[str]] = {"worker": ["worker"], "poller": ["poll", "run"]}
GATEWAY: Mapping[str, Sequence[str]] = {"gateway": ["gateway", "run"]}
AGENT = "agent"


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class World:
    """Everything a demo needs, under one folder that is emptied at the start."""

    def __init__(
        self,
        folder: Path,
        say: Say,
        odoo: OdooTarget | None = None,
        pipeline: Mapping[str, Sequence[str]] = PIPELINE,
        env: Mapping[str, str] | None = None,
        *,
        measured: bool = False,
        packing: bool = False,
    ) -> None:
        self.folder = folder.resolve()
        self._say = say
        self._pipeline = {**pipeline, **(GATEWAY if packing else {})}
        self._extra_env = dict(env or {})
        self._metrics_ports = {name: free_port() for name in self._pipeline} if measured else {}
        self._real_odoo = odoo
        self.processes: dict[str, Process] = {}
        self.pictures_url = f"http://127.0.0.1:{free_port()}"
        self.markets: tuple[Market, ...] = (self._market(Walmart), self._market(Amazon))
        url = f"http://127.0.0.1:{free_port()}"
        self.supplier: Supplier = Alibaba(url, partial(self._ask, url), self.folder)
        self._partners: tuple[Market | Supplier, ...] = (*self.markets, self.supplier)
        self.station = self._make_station() if packing else None
        self.odoo = odoo or OdooTarget(f"http://127.0.0.1:{free_port()}", "sandbox", "admin", "sandbox-admin")
        self.stack = Stack(
            StackSettings(
                data=self.folder / "stack",
                kafka_port=free_port(),
                controller_port=free_port(),
                registry_port=free_port(),
            ),
            say=say,
        )
        self.endpoints: Endpoints | None = None
        self._warehouses: Warehouses | None = None
        self._struck_before = 0
        self._joining: threading.Thread | None = None
        self._not_joined: Exception | None = None
        self.http = httpx.Client(timeout=30, trust_env=False)

    def start(self) -> None:
        """Stack, sandboxes, products, pipeline; returns when orders can come. Raises ProcessError or StackError saying what did not start."""
        self._empty()
        sandboxes = self._start_sandboxes()
        self.endpoints = self.stack.up()
        for process in sandboxes:
            process.wait_for_line("listening on", _START_SECONDS)
        self._say("products: the catalogue of the marketplace, in Odoo")
        self._warehouses = self._found_or_made(connect(self.odoo))
        seed_products(self.odoo)
        add_pictures(self.odoo)
        self.stock_up()
        self._say("to look at: " + "   ".join(f"{name} {url}" for name, url in self.addresses().items()))
        self._say(f"pipeline: {', '.join(self._pipeline)}")
        for name, args in self._pipeline.items():
            if name not in GATEWAY:
                self.launch(name, args)
        for name, args in self._pipeline.items():
            if args[0] == "worker":
                self.processes[name].wait_for_line("started", _START_SECONDS)
        if self.station is not None:
            self._joining = threading.Thread(target=self._join_in, args=(self.station,), name="enrol", daemon=True)
            self._joining.start()

    def stock_up(self) -> None:
        """Both sides have the goods: listed at the marketplace without stock, counted in Odoo."""
        for market in self.markets:
            market.list_catalogue()
        self.supplier.publish()
        self.hands().stock_up({product.sku: STOCK for product in CATALOG})

    def addresses(self) -> dict[str, str]:
        """What people may want to look at."""
        box = {self.station.title: self.station.url} if self.station else {}
        return {partner.title: partner.url for partner in self._partners} | {"Odoo": self.odoo.url} | box

    def hands(self, seed: int = 1) -> Hands:
        """People in Odoo."""
        client = connect(self.odoo)
        houses = self._warehouses = self._warehouses or self._found_or_made(client)
        return Hands(client, random.Random(seed), houses)  # noqa: S311 - a demo's chance

    def shopping(self, seed: int = 1) -> Shopping:
        """People in Odoo who buy."""
        return Shopping(self.supplier, connect(self.odoo), random.Random(seed))  # noqa: S311 - a demo's chance

    def packer(self, *, struck: bool) -> Packer | None:
        """Who packs at the station; None where there is none."""
        if self.station is None:
            return None
        return Packer(connect(self.odoo), self.station, self.wait_for_agent, self.kill_agent, struck=struck)

    def launch(self, name: str, args: Sequence[str]) -> Process:
        """Start a process of the pipeline with the demo's configuration in its environment."""
        env = self.env()
        if port := self._metrics_ports.get(name):
            env["CAUSEWAY_STAGE__METRICS_PORT"] = str(port)
        process = self.processes[name] = Process(name, "streams.cli", args, env, self.folder / "logs")
        process.start()
        return process

    def _join_in(self, station: Station) -> None:
        """The Box is enrolled at the gateway, and its agent begins. Beside everything else; the gateway after the workers, which made its topics."""
        try:
            for name, args in GATEWAY.items():
                self.launch(name, args).wait_for_line("gateway_listening", _START_SECONDS)
            station.enrol(self.env())
            agent = self.processes[AGENT] = station.agent(self.folder / "logs")
            agent.start()
        except Exception as error:  # noqa: BLE001 - a thread's; raised by `wait_for_agent`
            self._not_joined = error

    def wait_for_agent(self) -> None:
        """Return when the agent of the packing station runs. Raises what kept it from that, ProcessError mostly."""
        if self._joining is not None:
            self._joining.join()
        if self._not_joined is not None:
            raise self._not_joined

    def kill_agent(self) -> None:
        """At once; it is started anew."""
        self.processes[AGENT].signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop everything, pipeline first, so that each can finish what it has in hand."""
        if self._joining is not None:
            self._joining.join()
        pipeline = {*self._pipeline, AGENT}
        for names in (pipeline, set(self.processes) - pipeline):
            stopping = [threading.Thread(target=self.processes[name].stop) for name in names if name in self.processes]
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()
        self.stack.down()
        self.http.close()

    def env(self) -> dict[str, str]:
        """The configuration of every process: a quick rhythm, the sandboxes' addresses, the stack's endpoints."""
        kafka = self.stack_bootstrap()
        env = {
            "CAUSEWAY_ENVIRONMENT": "sandbox",
            "CAUSEWAY_KAFKA__BOOTSTRAP": kafka,
            "CAUSEWAY_REGISTRY__URL": self.endpoints.registry_url if self.endpoints else "",
            "CAUSEWAY_TOPICS__PARTITIONS": "3",
            "CAUSEWAY_RETRY__TIERS": json.dumps(["1s", "2s", "4s", "8s", "15s", "30s", "60s"]),
            "CAUSEWAY_RETRY__HELD_CHECK_SECONDS": "5",
            "CAUSEWAY_BREAKER__PROBE_AFTER_SECONDS": "0.5",
            "CAUSEWAY_BREAKER__PROBE_LIMIT_SECONDS": "4",
            "CAUSEWAY_STAGE__SESSION_SECONDS": "10",
            "CAUSEWAY_POLL__INTERVALS": json.dumps(self._intervals()),
            "CAUSEWAY_POLL__RETRY_SECONDS": "0.3",
            "CAUSEWAY_POLL__RETRY_LIMIT_SECONDS": "2",
            "CAUSEWAY_POLL__STOPPED_SECONDS": "3",
            "CAUSEWAY_POLL__SESSION_SECONDS": "6",
            "CAUSEWAY_STOCK__CHANNELS": json.dumps(
                {market.name: {"flush_minutes": FLUSH_SECONDS / 60} for market in self.markets}
            ),
            # What marketplaces ship themselves is imported too, into warehouses of their own (ORD-10).
            "CAUSEWAY_FILTERS__FULFILMENT": json.dumps(["seller", "marketplace"]),
            "CAUSEWAY_ODOO__MARKETPLACE_WAREHOUSES": json.dumps(
                {market.name: code_of(market.name) for market in self.markets}
            ),
            "CAUSEWAY_ODOO__CAPTURE__PRODUCT_DOMAIN": json.dumps([["default_code", "=like", f"{MARKER}%"]]),
            **{name: value for partner in self._partners for name, value in partner.env().items()},
            **(self.station.env() if self.station else {}),
            "CAUSEWAY_ODOO__CAPTURE__MODE": "poll",
            "CAUSEWAY_ODOO__SETTLEMENT_ACCOUNTS": json.dumps(
                {"fee": "620000"}
            ),  # fees have no account of their own accord
            **self._odoo_env(),
            "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox",
        }
        return env | self._extra_env

    def _found_or_made(self, client: Any) -> Warehouses:
        return found_or_made(client, [market.name for market in self.markets])

    def _intervals(self) -> dict[str, str]:
        return _INTERVALS | {flow: often for partner in self._partners for flow, often in partner.intervals().items()}

    def _odoo_env(self) -> dict[str, str]:
        return {
            "CAUSEWAY_ODOO__URL": self.odoo.url,
            "CAUSEWAY_ODOO__DB": self.odoo.db,
            "CAUSEWAY_ODOO__LOGIN": self.odoo.login,
            "CAUSEWAY_ODOO__PASSWORD": self.odoo.password,
        }

    def write_env(self) -> Path:
        """The configuration as a file to source, for its owner only; the password of a real Odoo is not in it."""
        file = self.folder / "env.sh"
        hidden = {"CAUSEWAY_ODOO__PASSWORD"} if self._real_odoo else set()
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.env().items() if name not in hidden]
        if self._metrics_ports:
            endpoints = " ".join(f"127.0.0.1:{port}" for port in self._metrics_ports.values())
            lines.append(f"export CAUSEWAY_STATUS_ENDPOINTS={shlex.quote(endpoints)}")
        file.touch(mode=0o600)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def stack_bootstrap(self) -> str:
        """Where the demo's Kafka is reached."""
        return self.endpoints.bootstrap if self.endpoints else ""

    # -- the sandboxes' control side

    def add_orders(self, count: int, seed: int, mix: str, rate: float) -> None:
        """Let the marketplaces sell so many in all, each its part: `rate` orders a second."""
        parts = len(self.markets)
        for place, market in enumerate(self.markets):
            market.sell(count // parts + (place < count % parts), seed + place, mix, rate / parts)

    def set_faults(self, preset: str, seed: int) -> None:
        """From now on the sandboxes fail as the preset says (`none`, `default`, `heavy`). A real Odoo is not told."""
        self._struck_before = self.struck()  # a new preset counts from zero
        for url in self.sandbox_urls():
            self._control("PUT", url, "/sandbox/faults", {"preset": preset, "seed": seed})

    def struck(self) -> int:
        """How many faults have struck so far, in all sandboxes."""
        total = self._struck_before
        for url in self.sandbox_urls():
            with suppress(httpx.HTTPError, ValueError):
                total += sum(self._control("GET", url, "/sandbox/faults")["counts"].values())
        return total

    def books(self) -> Books:
        """What all marketplaces have sold."""
        found = [market.books() for market in self.markets]
        return Books(tuple(order for one in found for order in one.orders), any(one.is_moving for one in found))

    def sandbox_urls(self) -> list[str]:
        """Addresses of the sandboxes of this world."""
        partners = [one.url for one in (*self._partners, *((self.station,) if self.station else ()))]
        return partners if self._real_odoo else [*partners, self.odoo.url]

    def _market(self, kind: Callable[[str, Control, Path, str], Market]) -> Market:
        url = f"http://127.0.0.1:{free_port()}"
        return kind(url, partial(self._ask, url), self.folder, self.pictures_url)

    def _make_station(self) -> Station:
        url = f"http://127.0.0.1:{free_port()}"
        return Station(url, partial(self._ask, url), self.folder, free_port())

    def _ask(self, url: str, method: str, path: str, body: object) -> dict[str, Any]:
        return self._control(method, url, path, body)

    def _control(self, method: str, url: str, path: str, body: object = None) -> dict[str, Any]:
        """Sandboxes are killed too: they are back within seconds."""
        deadline = time.monotonic() + _CONTROL_SECONDS
        while True:
            try:
                answer = self.http.request(method, url + path, json=body)
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _start_sandboxes(self) -> list[Process]:
        names = [partner.title.removesuffix(" sandbox") for partner in self._partners]
        names += ["IoT Box"] if self.station else []
        *others, last = names if self._real_odoo else [*names, "Odoo 18"]
        self._say("sandboxes: " + (f"{', '.join(others)} and {last}" if others else last))
        logs, data = self.folder / "logs", self.folder / "data"
        made = [partner.process(logs, data) for partner in self._partners]
        made += [self.station.process(logs)] if self.station else []
        if not self._real_odoo:
            port = self.odoo.url.rsplit(":", 1)[1]
            odoo = ["--port", port, "--data", str(data / "odoo"), "--db", self.odoo.db, "--login", self.odoo.login]
            made.append(Process("odoo", "connectors.odoo.sandbox", [*odoo, "--password", self.odoo.password], {}, logs))
        pictures = ["--port", self.pictures_url.rsplit(":", 1)[1], "--folder", str(self.folder / "pictures")]
        made.append(Process("pictures", "streams.demo.pictures", pictures, self._odoo_env(), logs))
        for process in made:
            self.processes[process.name] = process
            process.start()
        return made

    def _empty(self) -> None:
        """A demo begins with nothing: its own folder only, and only if it looks like one."""
        marker = self.folder / ".causeway-demo"
        if self.folder.exists() and any(self.folder.iterdir()) and not marker.exists():
            raise FileExistsError(
                f"{self.folder} holds something that is not a demo: choose another folder with --data"
            )
        if marker.exists():
            self.stack.down()
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        marker.touch()
