"""Keeps on appending to a spool and says each value once it is kept; somebody kills it. python -m tests.edge.spool_child FOLDER NAME"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from tests.edge.stage import draft, opened


def main() -> None:
    folder, name = Path(sys.argv[1]), sys.argv[2]
    spool = opened(folder, boot=str(uuid.uuid4()), checkpoint_pages=8)
    for index in range(100_000):
        value = f"{name}-{index}"
        spool.append([draft(value)])
        sys.stdout.write(f"{value}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
