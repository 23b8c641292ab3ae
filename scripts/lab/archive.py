"""Debian's archive, read through apt with a configuration of its own.

The system's apt is left alone: lists, caches and state live in our cache folder. The mirror's
address is taken from the system's sources (whatever suite they name), the signatures are checked
with the system's debian-archive-keyring, and nothing here switches authentication off.
"""

import hashlib
import os
import re
import subprocess
import time
from pathlib import Path

from faults import Fault, HostLacks
from versions import compare

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
REFRESH_SECONDS = 24 * 3600  # an index younger than this is used as it is

APT_CONF = """\
Dir::State "{base}/state";
Dir::State::lists "{base}/lists";
Dir::State::status "{base}/state/status";
Dir::Cache "{base}/cache";
Dir::Etc "{base}/etc";
Dir::Etc::sourcelist "{base}/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::parts "{base}/etc/apt.conf.d";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "-";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
"""


def system_mirrors(sources_root=Path("/etc/apt")):
    """The addresses of (archive, security archive) in the system's apt sources."""
    text = ""
    for path in [sources_root / "sources.list", *sorted((sources_root / "sources.list.d").glob("*"))]:
        if path.suffix in (".list", ".sources") and path.is_file():
            text += path.read_text() + "\n"
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    urls = re.findall(r"(?:https?|file|ftp|mirror\+\w+)://?[^\s\]]+", "\n".join(lines))
    archive = next((u.rstrip("/") for u in urls if re.search(r"/debian/?$", u)), None)
    security = next((u.rstrip("/") for u in urls if re.search(r"/debian-security/?$", u)), None)
    if archive is None:
        raise Fault(
            f"no Debian mirror in the apt sources under '{sources_root}'",
            "add a 'deb' line for http://deb.debian.org/debian; the lab is made of Debian's packages",
        )
    return archive, security


class Archive:
    """One suite of Debian, as an index of packages and a way to download them."""

    def __init__(self, cache: Path, suite: str):
        self.suite = suite
        self.base = cache / "apt" / suite
        self.debs = cache / "debs"
        self.stanzas = {}  # name -> the text of its newest stanza
        self.providers = {}  # virtual name -> {real package that provides it: version or ''}

    def refresh(self, force: bool, say):
        """Brings the index up to date, unless it is younger than a day and `force` is unset."""
        if not KEYRING.exists():
            raise HostLacks(f"cannot find '{KEYRING}', needed to check Debian's signatures",
                            "debian-archive-keyring")
        stamp = self.base / "refreshed"
        if stamp.exists() and not force and time.time() - stamp.stat().st_mtime < REFRESH_SECONDS:
            return
        archive, security = system_mirrors()
        for folder in ("state", "lists/partial", "cache/archives/partial", "etc/apt.conf.d"):
            (self.base / folder).mkdir(parents=True, exist_ok=True)
        (self.base / "state/status").touch()
        option = f"[arch=amd64 signed-by={KEYRING}]"
        lines = [f"deb {option} {archive} {name} main" for name in (self.suite, f"{self.suite}-updates")]
        if security:
            lines.append(f"deb {option} {security} {self.suite}-security main")
        (self.base / "etc/sources.list").write_text("\n".join(lines) + "\n")
        (self.base / "apt.conf").write_text(APT_CONF.format(base=self.base))
        say(f"reading Debian's index of '{self.suite}' from {archive}")
        done = self._apt(["update", "--error-on=any"], cwd=self.base)
        if done.returncode:
            if stamp.exists():
                day = time.strftime("%Y-%m-%d", time.gmtime(stamp.stat().st_mtime))
                say(f"warning: cannot refresh Debian's index ({last_error(done)}), using that of {day}")
                return
            raise Fault(f"cannot read Debian's index of '{self.suite}' from {archive}: {last_error(done)}",
                        "check the network, the mirror in /etc/apt and the name of the suite")
        stamp.touch()

    def load(self):
        """Reads the index; a package in several suites counts with its newest version."""
        for path in sorted((self.base / "lists").glob("*_Packages")):
            for stanza in path.read_text().split("\n\n"):
                if not stanza.strip():
                    continue
                name = stanza[len("Package: "):stanza.index("\n")]
                old = self.stanzas.get(name)
                if old is None or compare(_field(stanza, "Version"), ">>", _field(old, "Version")):
                    self.stanzas[name] = stanza
        for name, stanza in self.stanzas.items():
            provides = _field(stanza, "Provides")
            if provides:
                for virtual, version in re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)(?:\s*\(= ([^)]+)\))?", provides):
                    self.providers.setdefault(virtual, {})[name] = version
        if not self.stanzas:
            raise Fault(f"the index of '{self.suite}' in '{self.base}' is empty", "run with --refresh")

    def field(self, name: str, key: str) -> str:
        """A field of a package's stanza, or ''."""
        return _field(self.stanzas[name], key)

    def satisfiable(self, name: str, operator: str, version: str) -> bool:
        """True if a package of that name, or one that provides it, meets the bound."""
        found = list(self.providers.get(name, {}).values())
        if name in self.stanzas:
            found.append(self.field(name, "Version"))
        return any(not operator or (have and compare(have, operator, version)) for have in found)

    def deb_path(self, name: str) -> Path:
        version = self.field(name, "Version").replace(":", "%3a")
        return self.debs / f"{name}_{version}_{self.field(name, 'Architecture')}.deb"

    def download(self, names: list, say):
        """Fetches packages into the cache; apt checks each against the signed index."""
        self.debs.mkdir(parents=True, exist_ok=True)
        missing = [name for name in names if not self._present(name)]
        if not missing:
            return
        size = sum(int(self.field(name, "Size")) for name in missing)
        say(f"downloading {len(missing)} Debian packages, {size / 1e6:.0f} MB")
        aside = self.debs / "partial"
        aside.mkdir(exist_ok=True)
        wanted = [f"{name}={self.field(name, 'Version')}" for name in missing]
        done = self._apt(["download", "-q", *wanted], cwd=aside)
        if done.returncode:
            raise Fault(f"cannot download from Debian's archive: {last_error(done)}",
                        "run again with --refresh: the mirror may have moved on since the index was read")
        for name in missing:
            fetched = aside / self.deb_path(name).name
            if sha256_of(fetched) != self.field(name, "SHA256"):
                raise Fault(f"'{fetched}' does not match the signed index", "delete it and run again")
            fetched.rename(self.deb_path(name))

    def _present(self, name: str) -> bool:
        path = self.deb_path(name)
        return path.exists() and path.stat().st_size == int(self.field(name, "Size"))

    def _apt(self, arguments: list, cwd: Path):
        environment = {**os.environ, "APT_CONFIG": str(self.base / "apt.conf"), "LC_ALL": "C.UTF-8"}
        return subprocess.run(["apt-get", *arguments], cwd=cwd, env=environment,
                              capture_output=True, text=True)


def _field(stanza: str, key: str) -> str:
    at = stanza.find(f"\n{key}: ")
    if at < 0:
        return ""
    start = at + len(key) + 3
    end = stanza.find("\n", start)
    return stanza[start:end if end >= 0 else None].strip()


def last_error(done) -> str:
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith(("E:", "W:", "Err"))]
    return lines[0] if lines else f"apt-get ended with {done.returncode}"


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
