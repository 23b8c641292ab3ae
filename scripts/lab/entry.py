"""One path of a package: its kind, owner, mode and marks."""

from dataclasses import dataclass


@dataclass
class Entry:
    kind: str  # 'file', 'dir', 'link'
    mode: int
    user: str = "root"
    group: str = "root"
    config: bool = False
    ghost: bool = False
    capabilities: str = ""
