"""Keeps the cache from growing without end.

Each use of a repository or of a unit's folder renews its time stamp; what has not been used for a month goes. A
Debian package goes as soon as the index no longer has its version.
"""

import os
import shutil
import time
from pathlib import Path

UNUSED_SECONDS = 30 * 24 * 3600


def renew(folders: list):
    for folder in folders:
        os.utime(folder)


def prune(cache: Path, archive):
    """Removes what nobody has used for a month, and what a killed run left."""
    limit = time.time() - UNUSED_SECONDS
    for folder in [*(cache / "repos").glob("*"), *(cache / "rpms").glob("*")]:
        unfinished = folder.name.startswith(".")  # the lock is ours: no other run is writing it
        if unfinished or folder.stat().st_mtime < limit:
            shutil.rmtree(folder)
    current = {archive.deb_path(name).name for name in archive.stanzas}
    for deb in (cache / "debs").glob("*.deb"):
        if deb.name not in current:
            deb.unlink()
