"""Builds units into signed RPMs: in parallel, and only what changed.

A unit's results live in rpms/UNIT-KEY/, where KEY is a hash of all that goes in: the Debian packages'
sha256, the relations and scriptlets, the rows and files of the tables, this tool's own code, the epoch and
the key. A folder is made aside and renamed, so one that exists is whole.
"""

import ctypes
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from faults import Fault
from mapping import HERE, Unit
from metadata import relation_lines
from payload import Payload, base_directories
from specfile import spec_text

CODE = ("payload.py", "changes.py", "scriptlets.py", "specfile.py")  # the others' results are hashed themselves

# zstd level 3: 0.1 s where level 19 takes 3 s, for a repository a fifth larger.
DEFINES = {
    "_binary_payload": "w3.zstdio",
    "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
    "_buildhost": "lab",
    "vendor": "image-composer lab",
    "packager": "image-composer lab",
    "use_source_date_epoch_as_buildtime": "1",
    "clamp_mtime_to_source_date_epoch": "1",
    "source_date_epoch_from_changelog": "0",
    "debug_package": "%{nil}",
    "__os_install_post": "%{nil}",
    "__spec_install_post": "%{nil}",
    "_build_id_links": "none",
    "_binaries_in_noarch_packages_terminate_build": "0",
    "_unpackaged_files_terminate_build": "1",
    "_missing_doc_files_terminate_build": "0",
    "__find_provides": "%{nil}",
    "__find_requires": "%{nil}",
    "_use_internal_dependency_generator": "0",
}


class Builder:
    def __init__(self, cache: Path, archive, mapping, metadata, key, epoch: int):
        self.cache = cache
        self.archive, self.mapping, self.metadata, self.key = archive, mapping, metadata, key
        self.epoch = epoch
        self.base = base_directories()
        code = hashlib.sha256()
        for name in CODE:
            code.update((HERE / name).read_bytes())
        self._code = code.hexdigest()

    def key_of(self, unit: Unit) -> str:
        """The hash of everything that a unit's RPMs are made of."""
        parts = {
            "code": self._code, "epoch": self.epoch, "key": self.key.fingerprint, "defines": DEFINES,
            "debs": {deb: self.archive.field(deb, "SHA256") for deb in unit.debs},
            "splits": {deb: [(rpm, str(pattern), needed) for rpm, pattern, needed in self.mapping.splits.get(deb, [])]
                       for deb in unit.debs},
            "base": self.base,
        }
        for name in unit.rpms:
            rpm = self.metadata.rpm(name)
            parts[name] = [str(rpm.version), rpm.arch, rpm.summary, rpm.description, rpm.url, relation_lines(rpm),
                           rpm.scriptlets, self.mapping.changes.get(name, []), files_hash(HERE / "files" / name)]
        parts["*"] = self.mapping.changes.get("*", [])
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]

    def folder(self, unit: Unit) -> Path:
        return self.cache / "rpms" / f"{unit.name}-{self.key_of(unit)}"

    def build(self, units: list, jobs: int, say):
        """Builds those units that are not in the cache."""
        todo = [unit for unit in units if not self.folder(unit).exists()]
        if not todo:
            return
        self.archive.download(sorted({deb for unit in todo for deb in unit.debs}), say)
        # The largest first, so that none of them is alone at the end.
        todo.sort(key=lambda unit: -sum(int(self.archive.field(deb, "Installed-Size") or 0) for deb in unit.debs))
        say(f"building {len(todo)} of {len(units)} units with {jobs} jobs")
        # Workers are forked and inherit the index; handing it over with each unit would cost 0.2 s apiece.
        forked = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(jobs, forked, initializer=_inherit, initargs=(self,)) as pool:
            running = {pool.submit(_build_in_worker, unit): unit.name for unit in todo}
            try:
                failed = self._collect(running, say)
            except BaseException:
                # What they leave half made has a name of its own; the next run removes it (prune.py).
                for worker in multiprocessing.active_children():
                    worker.kill()
                raise
            if failed:
                # The others are in the cache by now: a second run only repeats these.
                raise Fault("\n".join(map(str, failed)), failed[0].hint)

    def _collect(self, running: dict, say) -> list:
        """Waits for every unit; returns the faults of those that cannot be built."""
        failed = []
        for number, done in enumerate(as_completed(running), 1):
            try:
                done.result()
            except Fault as fault:
                failed.append(fault)
                say(f"  failed: {running[done]}")
            except BrokenProcessPool as error:
                raise Fault(f"a worker was killed while it built '{running[done]}'",
                            "if memory ran out, use fewer --jobs") from error
            except (OSError, KeyError, ValueError) as error:
                raise Fault(f"cannot build unit '{running[done]}': {error!r}") from error
            if number % 50 == 0 or number == len(running):
                say(f"  {number}/{len(running)} units")
        return failed

    def build_one(self, unit: Unit) -> int:
        """Unpacks, writes the spec, runs rpmbuild and signs; returns the number of packages."""
        final = self.folder(unit)
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{unit.name}-", dir=final.parent) as scratch_name:
            scratch = Path(scratch_name)
            tree = scratch / "tree"
            tree.mkdir()
            payload = Payload(tree, self.mapping, unit, self.base)
            payload.unpack(self.archive)
            if "azurelinux-gpg-keys" in unit.rpms:
                payload.add_text("azurelinux-gpg-keys", "/etc/pki/rpm-gpg/RPM-GPG-KEY-lab", self.key.public_key())
            spec = scratch / "unit.spec"
            spec.write_text(spec_text(unit, self.metadata, payload, str(tree)))
            packages = self._rpmbuild(unit, spec, scratch)
            self.key.sign_packages(packages)
            for path in packages:
                os.utime(path, (self.epoch, self.epoch))
            try:
                (scratch / "out").rename(final)
            except OSError:
                if not final.exists():
                    raise
        return len(packages)

    def _rpmbuild(self, unit: Unit, spec: Path, scratch: Path) -> list:
        out = scratch / "out"
        defines = {**DEFINES, "_topdir": scratch / "top", "_rpmdir": out, "_tmppath": scratch, "_dbpath": scratch / "db"}
        command = ["rpmbuild", "-bb", "--quiet", "--target", "x86_64", "--buildroot", str(scratch / "root")]
        for name, value in defines.items():
            command += ["--define", f"{name} {value}"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(scratch), "LC_ALL": "C.UTF-8",
                       "SOURCE_DATE_EPOCH": str(self.epoch)}
        done = subprocess.run([*command, str(spec)], env=environment, capture_output=True, text=True)
        packages = sorted(out.glob("*.rpm"))
        if done.returncode or len(packages) != len(unit.rpms):
            kept = self.cache / f"failed-{unit.name}.spec"
            shutil.copyfile(spec, kept)
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise Fault(f"rpmbuild cannot build unit '{unit.name}' ({', '.join(unit.rpms)}):\n  "
                        + "\n  ".join(lines[-12:]), f"its spec is kept as '{kept}'")
        return packages


PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_inherited = None  # a worker's builder; set once, before its first unit


def _inherit(builder: Builder):
    global _inherited
    _inherited = builder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A worker whose parent was killed would wait for work for ever, and hold the cache's lock.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _build_in_worker(unit: Unit) -> int:
    return _inherited.build_one(unit)


def files_hash(folder: Path) -> str:
    """A hash of names, modes and contents below a folder."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        mark = f"{path.relative_to(folder)} {os.access(path, os.X_OK)} "
        if path.is_symlink():
            found.update(f"{mark}-> {os.readlink(path)}\n".encode())
        elif path.is_file():
            found.update(mark.encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
