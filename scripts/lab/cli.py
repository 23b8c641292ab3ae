"""The command line of make-lab-repo, and its main flow."""

import argparse
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

import blueprints
import mapping as tables
import prune
import repository
from archive import Archive
from build import Builder
from closure import Closure
from faults import Fault, HostLacks
from metadata import Metadata
from signing import SigningKey

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DEFAULT_EPOCH = 1754697600  # 2025-08-09 00:00 UTC, the day Debian 13 came out

DESCRIPTION = """\
Makes the lab distribution: a signed RPM repository with the names and the shape of Azure Linux 4.0, made of
Debian's binary packages. Images composed from it boot, so composing can be tried without Azure Linux's servers.

The result is a folder in the cache; the symbolic link 'lab' in the checkout points at it. In a blueprint:

  repositories:
    - id: lab
      baseurl: ../../lab
      gpgkey: ../../lab/RPM-GPG-KEY-lab
"""

EXAMPLES = """\
examples:
  make-lab-repo                                     everything (some 620 packages, minutes the first time)
  make-lab-repo --for blueprints/lab/minimal.yaml   only what this blueprint installs
  make-lab-repo --packages kernel systemd           only these and what they need

environment:
  IMAGE_COMPOSER_CACHE   where to cache (default: $XDG_CACHE_HOME/image-composer or ~/.cache/image-composer)
  SOURCE_DATE_EPOCH      time stamp of all that is made (default: 1754697600)

exit codes: 0 done, 1 failed, 2 wrong use, 3 this machine lacks something (the message names the Debian package)
"""


def arguments(argv):
    parser = argparse.ArgumentParser(prog="make-lab-repo", description=DESCRIPTION, epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--for", dest="blueprints", nargs="+", metavar="BLUEPRINT", type=Path, default=[],
                        help="only the packages that these blueprints install, and what they need")
    parser.add_argument("--packages", nargs="+", metavar="NAME", default=[],
                        help="only these packages (or @groups), and what they need")
    parser.add_argument("--output", metavar="LINK", type=Path, default=CHECKOUT / "lab",
                        help="the symbolic link to point at the repository (default: lab in the checkout)")
    parser.add_argument("--suite", default="trixie", help="Debian's suite (default: trixie; the tables are written for it)")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(), help="units built at once (default: one per core)")
    parser.add_argument("--refresh", action="store_true", help="read Debian's index again, even if it is less than a day old")
    return parser.parse_args(argv)


def main(argv) -> int:
    options = arguments(argv)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # to be ended is to be interrupted
    try:
        run(options)
    except Fault as fault:
        print(f"make-lab-repo: error: {fault}", file=sys.stderr)
        if fault.hint:
            print(f"  hint: {fault.hint}", file=sys.stderr)
        return fault.exit_code
    except KeyboardInterrupt:
        print("make-lab-repo: interrupted; what was built is kept", file=sys.stderr)
        return 1
    return 0


def run(options):
    """Index, tables, closure, build, repository, link: in this order."""
    started = time.monotonic()

    def say(text):
        print(f"[{time.monotonic() - started:6.1f} s] {text}", flush=True)

    for tool, package in repository.tools_missing():
        raise HostLacks(f"cannot find '{tool}', needed to make RPMs", package)
    wanted = blueprints.wanted_packages(options.blueprints, options.packages)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or DEFAULT_EPOCH)

    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w") as lock:
        take(lock, say)
        archive = Archive(cache, options.suite)
        archive.refresh(options.refresh, say)
        archive.load()
        mapping = tables.load(archive)
        metadata = Metadata(archive, mapping)
        closure = Closure(archive, mapping, metadata)
        if wanted is None:
            names = closure.grow(mapping.full, "packages.tsv")
        else:
            names = closure.grow(wanted, "the request")
        units = {unit.name: unit for unit in map(mapping.unit_of, names)}.values()

        key = SigningKey(cache / "key", epoch)
        key.prepare(say)
        builder = Builder(cache, archive, mapping, metadata, key, epoch)
        folders = [builder.folder(unit).name for unit in units]
        link = options.output
        if wanted is not None and repository.covers(repository.read_manifest(link), folders, names):
            say(f"'{link}' already has the {len(names)} packages needed, unchanged")
            return
        builder.build(list(units), options.jobs, say)
        made = repository.assemble(cache, options.suite, folders, names, key, epoch)
        repository.point(link, made)
        prune.renew([made, *(cache / "rpms" / folder for folder in folders)])
        prune.prune(cache, archive)
        count = len(repository.read_manifest(made)["packages"])
        say(f"'{link}' -> {made}: {count} packages")


def cache_folder() -> Path:
    base = os.environ.get("IMAGE_COMPOSER_CACHE")
    if not base:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "image-composer"
    return Path(base).absolute() / "lab"


def take(lock, say):
    """One run at a time in a cache; a second one waits and then finds the work done."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another make-lab-repo to finish")
        fcntl.flock(lock, fcntl.LOCK_EX)
