"""Whether a folder outlives a power cut. A Box's system keeps most of its file tree in memory; a spool there would be none.

Raspberry Pi OS for the Box mounts the root read-only with an overlay whose upper layer is a tmpfs, and parts of /root_bypass_ramdisks as the
card itself; so the folder's mount decides, and of an overlay the mount of its upper layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs", "zram")
OVERLAYS = ("overlay", "overlayfs", "aufs")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mountinfo: where, of which kind, and the options of its kind."""

    point: str
    kind: str
    options: str


def read_mounts(text: str) -> list[Mount]:
    """The content of /proc/self/mountinfo (proc(5)): fields up to ` - `, then kind, source, options."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(" "), after.split(" ")
        if len(left) >= 5 and len(right) >= 3:
            mounts.append(Mount(_plain(left[4]), right[0], _plain(right[2])))
    return mounts


def volatile_reason(folder: Path, mounts: list[Mount]) -> str:
    """Why this folder would not outlive a power cut, in words; empty when nothing speaks against it."""
    mount = _mount_of(str(folder), mounts)
    if mount is None:
        return ""
    if mount.kind in IN_MEMORY:
        return f"{folder} lies on {mount.point}, which is {mount.kind}: memory, gone after a power cut"
    if mount.kind in OVERLAYS:
        upper = re.search(r"upperdir=([^,]+)", mount.options)
        if upper is None:
            return f"{folder} lies on {mount.point}, an {mount.kind} that nothing is written to for good"
        below = _mount_of(upper[1], [one for one in mounts if one.kind not in OVERLAYS])
        if below is not None and below.kind in IN_MEMORY:
            return (
                f"{folder} lies on {mount.point}, an {mount.kind} whose upper layer {upper[1]} is {below.kind}: memory"
            )
    return ""


def check_place(folder: Path) -> str:
    """The same of this machine as it is now; empty where there is no /proc."""
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return volatile_reason(folder.resolve(), read_mounts(text))


def _mount_of(path: str, mounts: list[Mount]) -> Mount | None:
    """The mount a path lies on: the longest point that leads to it; of several at one point the last covers the others."""
    found: Mount | None = None
    for mount in mounts:
        leads = mount.point == "/" or path == mount.point or path.startswith(mount.point + "/")
        if leads and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def _plain(text: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), text)
