"""The files of a unit: Debian packages unpacked into one tree, each path given to an RPM.

No privilege is needed: owners and modes are noted from the archive and written into the spec. After
unpacking, files/RPM/ is laid over the tree, then the rows of changes.tsv are applied (changes.py).
"""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

import changes
from entry import Entry
from faults import Fault
from mapping import HERE

MERGED = re.compile(r"^/(bin|sbin|lib|lib64|libx32|lib32)(?=/|$)")


class Payload:
    """The tree on disk, and for each RPM the entries that it owns."""

    def __init__(self, root: Path, mapping, unit, base_directories: dict):
        self.root = root
        self.mapping = mapping
        self.unit = unit
        self.base = base_directories  # path -> mode, the filesystem package's directories
        self.entries = {rpm: {} for rpm in unit.rpms}
        self._drops = {}  # rpm -> the pattern of what it leaves out

    def unpack(self, archive):
        """Unpacks every Debian package of the unit, then makes the changes."""
        for deb in self.unit.debs:
            self._unpack_deb(deb, archive.deb_path(deb))
        for rpm in self.unit.rpms:
            self._overlay(rpm, HERE / "files" / rpm)
            for row in self.mapping.changes.get(rpm, []):
                changes.apply(self, rpm, row)
        if "filesystem" in self.unit.rpms:
            for path, mode in self.base.items():
                self.path(path).mkdir(parents=True, exist_ok=True)
                self.entries["filesystem"][path] = Entry("dir", mode)
        else:
            for owned in self.entries.values():
                for path in [path for path in owned if path in self.base]:
                    del owned[path]

    def add_text(self, rpm: str, path: str, text: str):
        """Adds a file that is made up at build time."""
        self.make_parent(path)
        self.path(path).write_text(text)
        self.entries[rpm][path] = Entry("file", 0o644)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def _unpack_deb(self, deb: str, source: Path):
        owner = self._owner_function(deb)
        config = control_list(source, "conffiles")
        directories = {}
        process = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", source], stdout=subprocess.PIPE)
        with process.stdout, tarfile.open(fileobj=process.stdout, mode="r|", bufsize=1 << 20) as tar:
            for member in tar:
                name = "/" + member.name.removeprefix(".").strip("/")
                path = merged_path(name, member.issym())
                rpm = owner(name)
                if name == "/" or rpm == "-" or self._dropped(rpm, path):
                    continue
                entry = Entry("file", member.mode & 0o7777, member.uname or "root", member.gname or "root",
                              config=name in config)
                if member.isdir():
                    entry.kind = "dir"
                    directories[path] = (rpm, entry)
                    self.path(path).mkdir(parents=True, exist_ok=True)
                    continue
                if member.issym():
                    entry.kind = "link"
                self._extract(tar, member, name, path)
                self.entries[rpm][path] = entry
        if process.wait():
            raise Fault(f"cannot unpack '{source}'", "delete it and run again")
        self._give_directories(directories)

    def _extract(self, tar, member, name: str, path: str):
        """Puts one file or link into the tree, over what another package of the unit had there."""
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            raise Fault(f"unit '{self.unit.name}': '{path}' is a directory in one package, and not in another",
                        "add a 'drop' row to scripts/lab/changes.tsv")
        target.unlink(missing_ok=True)
        if member.issym():
            os.symlink(relinked(name, path, member.linkname), target)
        elif member.islnk():
            os.link(self.path(merged_path("/" + member.linkname.removeprefix(".").strip("/"), False)), target)
        elif member.isfile():
            with open(target, "wb") as out:
                shutil.copyfileobj(tar.extractfile(member), out, 1 << 20)
            os.utime(target, (member.mtime, member.mtime))
        else:
            raise Fault(f"'{path}' of unit '{self.unit.name}' is neither a file, a directory nor a link")

    def _give_directories(self, directories: dict):
        """A directory belongs to every RPM of the unit with something in it; an empty one to its owner."""
        inside = {rpm: {parent for path in owned for parent in parents(path)} for rpm, owned in self.entries.items()}
        not_empty = {parent for path in directories for parent in parents(path)}
        for path, (owner, entry) in directories.items():
            users = [rpm for rpm in self.unit.rpms if path in inside[rpm]]
            if not users and path not in not_empty:
                users = [owner]
            for rpm in users:
                self.entries[rpm].setdefault(path, entry)

    def _owner_function(self, deb: str):
        rows = self.mapping.splits.get(deb)
        if not rows:
            only = self.mapping.rpm_of(deb)
            return lambda name: only
        patterns = [(pattern, rpm) for rpm, pattern, _ in rows if pattern]
        rest = self.mapping.owner[deb]
        return lambda name: next((rpm for pattern, rpm in patterns if pattern.search(name[1:])), rest)

    def _dropped(self, rpm: str, path: str) -> bool:
        if rpm not in self._drops:
            patterns = [row["path"] for name in ("*", rpm) for row in self.mapping.changes.get(name, [])
                        if row["action"] == "drop"]
            self._drops[rpm] = re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)")
        return self._drops[rpm].search(path) is not None

    def make_parent(self, path: str):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)

    def _overlay(self, rpm: str, source: Path):
        """Lays files/RPM/ over the tree; files under /etc are configuration."""
        for file in sorted(source.rglob("*")) if source.is_dir() else []:
            path = "/" + str(file.relative_to(source))
            target = self.path(path)
            if file.is_dir() and not file.is_symlink():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_symlink() or target.exists():
                target.unlink()
            if file.is_symlink():
                os.symlink(os.readlink(file), target)
                self.entries[rpm][path] = Entry("link", 0o777)
                continue
            shutil.copyfile(file, target)
            mode = 0o755 if os.access(file, os.X_OK) else 0o644
            old = self.entries[rpm].get(path, Entry("file", mode))
            self.entries[rpm][path] = Entry("file", mode, old.user, old.group, config=path.startswith("/etc/"))


def merged_path(name: str, link: bool) -> str:
    """Where a path is under the merged /usr; the links /bin, /lib ... themselves stay."""
    if link and name.count("/") == 1:
        return name
    return MERGED.sub(r"/usr/\1", name)


def parents(path: str) -> list:
    """Every directory above a path, but for the root."""
    found = []
    at = path.rfind("/")
    while at > 0:
        path = path[:at]
        found.append(path)
        at = path.rfind("/")
    return found


def relinked(name: str, path: str, target: str) -> str:
    """A relative link's target after its directory moved under /usr."""
    if name == path or target.startswith("/"):
        return target
    absolute = os.path.normpath(PurePosixPath(name).parent / target)
    absolute = MERGED.sub(r"/usr/\1", absolute)
    return os.path.relpath(absolute, PurePosixPath(path).parent)


def control_list(source: Path, name: str) -> set:
    """The lines of a control file of a Debian package, empty if it has none."""
    done = subprocess.run(["dpkg-deb", "--info", source, name], capture_output=True, text=True)
    return {line.strip() for line in done.stdout.splitlines()} if done.returncode == 0 else set()


def base_directories() -> dict:
    """The filesystem package's directories, path -> mode."""
    table = {}
    for line in (HERE / "directories.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            mode, path = line.split()
            table[path] = int(mode, 8)
    return table
