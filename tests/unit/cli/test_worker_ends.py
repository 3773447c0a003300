"""A worker whose stages have ended is over, whatever of Faust does not let itself be stopped (OPS-8)."""

from __future__ import annotations

import os
import subprocess
import sys

STUBBORN = """
import asyncio
import streams.worker

async def goes_on():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def run_worker(stages):
    asyncio.get_running_loop().create_task(goes_on())
    await asyncio.sleep(0)
    return 70

streams.worker.run_worker = run_worker
from streams.cli import app
app(["worker"])
"""


def test_the_process_ends_with_the_workers_code_though_a_task_goes_on() -> None:
    """Else nobody starts it again, and its partitions stand still."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CAUSEWAY_")}
    done = subprocess.run(
        [sys.executable, "-c", STUBBORN], env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 70, done.stderr[-2000:]
