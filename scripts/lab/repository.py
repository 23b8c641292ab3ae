"""A finished repository: packages, signed metadata, the public key and a manifest.

It is put together aside and renamed into repos/ID/, where ID is a hash of what is in it; then the link in
the checkout is replaced in one step. So whoever follows the link sees a whole repository, old or new.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from faults import Fault
from mapping import HERE

MANIFEST = "lab-manifest.json"
KEY_FILE = "RPM-GPG-KEY-lab"


def read_manifest(repository: Path):
    """The manifest of a repository, or None if there is none that can be read."""
    try:
        return json.loads((repository / MANIFEST).read_text())
    except (OSError, ValueError):
        return None


def covers(manifest, folders: list, names: list) -> bool:
    """True if a repository holds the named RPMs, as the unit folders have them now."""
    return (manifest is not None and set(folders) <= set(manifest["units"])
            and set(names) <= {name_of(package) for package in manifest["packages"]})


def name_of(file_name: str) -> str:
    """NAME of NAME-VERSION-RELEASE.ARCH.rpm."""
    return file_name.rsplit("-", 2)[0]


def assemble(cache: Path, suite: str, folders: list, names: list, key, epoch: int) -> Path:
    """Makes repos/ID/ of the named RPMs in the built units' folders, unless it is there."""
    comps = (HERE / "comps.xml").read_bytes()
    wanted = set(names)
    identity = hashlib.sha256("\n".join([*sorted(folders), *sorted(wanted)]).encode() + comps).hexdigest()[:16]
    final = cache / "repos" / identity
    if final.exists():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=final.parent) as scratch_name:
        made = Path(scratch_name) / "repository"
        (made / "Packages").mkdir(parents=True)
        packages = []
        for folder in sorted(folders):
            for rpm in sorted((cache / "rpms" / folder).glob("*.rpm")):
                if name_of(rpm.name) not in wanted:
                    continue  # built along with another of its unit
                os.link(rpm, made / "Packages" / rpm.name)
                packages.append(rpm.name)
        _create_metadata(made, Path(scratch_name), comps, epoch)
        key.sign_detached(made / "repodata" / "repomd.xml")
        (made / KEY_FILE).write_text(key.public_key())
        manifest = {"suite": suite, "source_date_epoch": epoch, "key": key.fingerprint,
                    "units": sorted(folders), "packages": sorted(packages)}
        (made / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        made.chmod(0o755)
        made.rename(final)
    return final


def _create_metadata(made: Path, scratch: Path, comps: bytes, epoch: int):
    groups = scratch / "comps.xml"
    groups.write_bytes(comps)
    os.utime(groups, (epoch, epoch))
    command = ["createrepo_c", "--quiet", "--workers", str(os.cpu_count()), "--no-database", "--groupfile", str(groups),
               "--revision", str(epoch), "--set-timestamp-to-revision", "--general-compress-type", "gz", str(made)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Fault(f"createrepo_c failed: {done.stderr.strip()}")


def point(link: Path, repository: Path):
    """Replaces the link in one step; anything else of that name is left alone."""
    if link.exists() and not link.is_symlink():
        raise Fault(f"'{link}' exists and is not a symbolic link", "move it away, or choose another with --output")
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(repository)
    aside.rename(link)


def tools_missing():
    """The tools that building needs and the machine lacks, as (tool, Debian package)."""
    needed = {"rpmbuild": "rpm", "rpmsign": "rpm", "createrepo_c": "createrepo-c", "gpg": "gnupg",
              "dpkg-deb": "dpkg", "apt-get": "apt"}
    return [(tool, package) for tool, package in needed.items() if shutil.which(tool) is None]
