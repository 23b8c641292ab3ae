"""The files of a unit: Debian packages unpacked into one tree, each path given to an RPM.

No privilege is needed: owners and modes are noted from the archive and written into the spec. After
unpacking, files/RPM/ is laid over the tree, then the rows of changes.tsv are applied in order.

changes.tsv actions (path is a regex for drop, attr, config and ghost, else a path from the root):
  drop    leave matching paths out                 move    path -> argument
                                                   (a directory with all in it)
  link    a symbolic link at path to argument      copy    path -> argument, the same content twice
  dir     an empty directory, argument is its mode attr    argument: mode,user,group[,capabilities]
  config  mark as configuration                    ghost   owned but not in the package; made at run time
  edit    |regex|replacement| in the file at path, with any separator
"""

import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from faults import Fault
from mapping import HERE

MERGED = re.compile(r"^/(bin|sbin|lib|lib64|libx32|lib32)(?=/|$)")


@dataclass
class Entry:
    kind: str  # 'file', 'dir', 'link'
    mode: int
    user: str = "root"
    group: str = "root"
    config: bool = False
    ghost: bool = False
    capabilities: str = ""


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
                self._change(rpm, row)
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
        self._make_parent(path)
        self.path(path).write_text(text)
        self.entries[rpm][path] = Entry("file", 0o644)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def _unpack_deb(self, deb: str, source: Path):
        owner = self._owner_function(deb)
        config = control_list(source, "conffiles")
        directories = {}
        process = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", source], stdout=subprocess.PIPE)
        with tarfile.open(fileobj=process.stdout, mode="r|", bufsize=1 << 20) as tar:
            for member in tar:
                name = "/" + member.name.removeprefix(".").strip("/")
                if name == "/":
                    continue
                rpm = owner(name)
                path = MERGED.sub(r"/usr/\1", name) if not member.issym() or name.count("/") > 1 else name
                if rpm == "-" or self._dropped(rpm, path):
                    continue
                target = self.path(path)
                entry = Entry("file", member.mode & 0o7777, member.uname or "root", member.gname or "root",
                              config=name in config)
                if member.isdir():
                    entry.kind = "dir"
                    directories[path] = (rpm, entry)
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                if target.is_symlink() or target.exists():
                    if target.is_dir() and not target.is_symlink():
                        raise Fault(f"'{deb}' has '{path}', a directory of another package of unit '{self.unit.name}'",
                                    "add a 'drop' row to scripts/lab/changes.tsv")
                    target.unlink()
                if member.issym():
                    entry.kind = "link"
                    entry.mode = 0o777
                    os.symlink(relinked(name, path, member.linkname), target)
                elif member.islnk():
                    first = MERGED.sub(r"/usr/\1", "/" + member.linkname.removeprefix(".").strip("/"))
                    os.link(self.path(first), target)
                elif member.isfile():
                    with open(target, "wb") as out:
                        shutil.copyfileobj(tar.extractfile(member), out, 1 << 20)
                    os.utime(target, (member.mtime, member.mtime))
                else:
                    raise Fault(f"'{deb}' has '{name}', neither a file, a directory nor a link")
                self.entries[rpm][path] = entry
        if process.wait():
            raise Fault(f"cannot unpack '{source}'", "delete it and run again")
        self._give_directories(directories)

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

    def _change(self, rpm: str, row: dict):
        action, path, argument = row["action"], row["path"], row["argument"]
        path = path.replace("@kernel@", self._kernel())
        argument = argument.replace("@kernel@", self._kernel())
        owned = self.entries[rpm]
        if action == "drop":
            return
        if action in ("attr", "config", "ghost"):
            matching = [name for name in owned if re.search(path, name)]
            if action == "ghost" and not matching:
                mode, kind = int(argument or "644", 8), "file"
                self._make_parent(path)
                self.path(path).touch()
                owned[path] = Entry(kind, mode, ghost=True)
                return
            if not matching:
                raise Fault(f"changes.tsv: no path of '{rpm}' matches '{path}' ({action})", "correct the row")
            for name in matching:
                if action == "attr":
                    mode, user, group, *capabilities = argument.split(",")
                    owned[name].mode = int(mode, 8)
                    owned[name].user, owned[name].group = user, group
                    owned[name].capabilities = ",".join(capabilities)
                else:
                    setattr(owned[name], action, True)
        elif action == "link":
            self._make_parent(path)
            self.path(path).unlink(missing_ok=True)
            os.symlink(argument, self.path(path))
            owned[path] = Entry("link", 0o777)
        elif action == "edit":
            _, pattern, replacement, _ = argument.split(argument[0])
            text = self.path(path).read_text()
            changed, count = re.subn(pattern, replacement.replace("\\n", "\n"), text, flags=re.M)
            if not count:
                raise Fault(f"changes.tsv: nothing in '{path}' of '{rpm}' matches '{pattern}'", "correct the row")
            self.path(path).write_text(changed)
        elif action == "dir":
            self.path(path).mkdir(parents=True, exist_ok=True)
            mode, _, owner = argument.partition(",")
            user, _, group = owner.partition(",")
            owned[path] = Entry("dir", int(mode or "755", 8), user or "root", group or "root")
        elif action == "move" and self.path(path).is_dir():
            self._move_tree(owned, path, argument)
        elif action in ("move", "copy"):
            if path not in owned:
                raise Fault(f"changes.tsv: '{rpm}' has no '{path}' to {action}", "correct the row")
            self._make_parent(argument)
            if action == "move":
                self.path(path).rename(self.path(argument))
                owned[argument] = owned.pop(path)
            else:
                shutil.copy2(self.path(path), self.path(argument))
                owned[argument] = Entry("file", owned[path].mode)
        else:
            raise Fault(f"changes.tsv: unknown action '{action}' for '{rpm}'")

    def _move_tree(self, owned: dict, old: str, new: str):
        self._make_parent(new)
        self.path(old).rename(self.path(new))
        for path in [path for path in owned if path == old or path.startswith(old + "/")]:
            owned[new + path.removeprefix(old)] = owned.pop(path)

    def _kernel(self) -> str:
        return next((deb.removeprefix("linux-image-") for deb in self.unit.debs
                     if deb.startswith("linux-image-")), "")

    def _make_parent(self, path: str):
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
