"""The mapping of RPM names to Debian packages, read from the tables beside this file.

packages.tsv      which Debian packages make an RPM; '-' for one written here (how: config) not to be
                  had (how: absent) or only a name that others provide (how: virtual). A Debian package in no row keeps its name.
split-paths.tsv   which files of a Debian package go to which RPM: the first pattern that matches,
                  else the '*rest*' row. 'needed' marks a part that the rest requires; any other
                  part requires the rest. RPM '-' leaves the files out.
dependencies.tsv  Debian relations that are dropped or replaced, and why.
changes.tsv       what is done to a package's files after unpacking (see changes.py).
"""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from faults import Fault, WrongUse

HERE = Path(__file__).resolve().parent
KERNEL_PATTERN = "linux-image-*-cloud-amd64"
KERNEL_META = "linux-image-cloud-amd64"


@dataclass
class Unit:
    """RPMs that are built together, because they share Debian packages."""

    name: str
    rpms: list
    debs: list


@dataclass
class Mapping:
    debs_of: dict = field(default_factory=dict)  # rpm -> Debian names, [] for a written one
    how: dict = field(default_factory=dict)  # rpm -> how
    notes: dict = field(default_factory=dict)
    splits: dict = field(default_factory=dict)  # deb -> [(rpm, compiled pattern or None, needed)]
    owner: dict = field(default_factory=dict)  # deb -> rpm that a relation on it means
    dependency_rules: dict = field(default_factory=dict)  # (rpm or '*', deb or '*') -> replacement
    changes: dict = field(default_factory=dict)  # rpm -> rows of changes.tsv
    full: list = field(default_factory=list)  # the RPMs of the full set

    def debs(self, rpm: str) -> list:
        """The Debian packages that make an RPM; an RPM in no row is its Debian namesake."""
        return self.debs_of.get(rpm, [rpm])

    def rpm_of(self, deb: str):
        """The RPM that a relation on a Debian package means; None if the lab cannot have it."""
        if deb in self.owner:
            return self.owner[deb] if self.owner[deb] != "-" else None
        return None if deb in self.how else deb

    def unit_of(self, rpm: str) -> Unit:
        """The unit that builds `rpm`: everything reachable by shared Debian packages."""
        rpms, debs, todo = [rpm], [], list(self.debs(rpm))
        while todo:
            deb = todo.pop(0)
            if deb in debs:
                continue
            debs.append(deb)
            for other in self.rpms_from(deb):
                if other not in rpms:
                    rpms.append(other)
                    todo += self.debs(other)
        return Unit(min(rpms), sorted(rpms), sorted(debs))

    def rpms_from(self, deb: str) -> list:
        if deb in self.splits:
            return list(dict.fromkeys(row[0] for row in self.splits[deb] if row[0] != "-"))
        return [self.owner.get(deb, deb)]

    def dependency_rule(self, rpm: str, deb: str):
        """The replacement for a relation ('' drops it), or None to keep it."""
        for key in ((rpm, deb), (rpm, "*"), ("*", deb)):
            if key in self.dependency_rules:
                return self.dependency_rules[key]
        return None


def rows_of(path: Path) -> list:
    """The rows of a table; '#' starts a comment line."""
    with open(path, newline="") as file:
        lines = [line for line in file if line.strip() and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval=""))


def load(archive) -> Mapping:
    """Reads the tables, and checks every Debian name in them against the index."""
    mapping = Mapping()
    meta = archive.field(KERNEL_META, "Depends")
    kernel = re.search(r"linux-image-[0-9]\S*-cloud-amd64", meta)
    if not kernel:
        raise Fault(f"'{KERNEL_META}' names no kernel in '{archive.suite}': {meta}")

    def known(name, table):
        name = kernel.group() if name == KERNEL_PATTERN else name
        if name not in archive.stanzas:
            raise Fault(f"{table}: no package '{name}' in Debian '{archive.suite}'",
                        "the tables are written for one suite: correct the row")
        return name

    for row in rows_of(HERE / "packages.tsv"):
        rpm, how = row["rpm"], row["how"]
        mapping.how[rpm] = how
        mapping.notes[rpm] = row["note"]
        mapping.debs_of[rpm] = [known(name, "packages.tsv") for name in row["debian"].split() if name != "-"]
        if how not in ("absent", "virtual"):
            mapping.full.append(rpm)
    for row in rows_of(HERE / "split-paths.tsv"):
        deb = known(row["debian"], "split-paths.tsv")
        rest = row["path"] == "*rest*"
        entry = (row["rpm"], None if rest else re.compile(row["path"]), row["needed"] == "needed")
        mapping.splits.setdefault(deb, []).append(entry)
        if rest:
            mapping.owner[deb] = row["rpm"]
    for rpm, debs in mapping.debs_of.items():
        for deb in debs:
            if deb in mapping.splits:
                continue
            if deb in mapping.owner:
                raise Fault(f"packages.tsv: '{deb}' makes both '{mapping.owner[deb]}' and '{rpm}'",
                            "say in split-paths.tsv which of its files go where")
            mapping.owner[deb] = rpm
    for row in rows_of(HERE / "dependencies.tsv"):
        mapping.dependency_rules[row["rpm"], row["debian"]] = row["becomes"]
    for row in rows_of(HERE / "changes.tsv"):
        mapping.changes.setdefault(row["rpm"], []).append(row)
    return mapping


def check_available(mapping: Mapping, archive, rpm: str, wanted_by: str):
    """Refuses an RPM name that the lab cannot make."""
    if mapping.how.get(rpm) == "absent":
        raise WrongUse(f"{wanted_by}: the lab has no '{rpm}': {mapping.notes[rpm]}",
                       "leave it out, or name a replacement")
    if rpm not in mapping.debs_of and rpm not in archive.stanzas:
        raise WrongUse(f"{wanted_by}: '{rpm}' is neither in scripts/lab/packages.tsv nor a Debian package",
                       "check the spelling, or add a row to the table")
