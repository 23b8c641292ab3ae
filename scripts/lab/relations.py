"""Debian's versions and relations, said in RPM's words.

A Debian version `epoch:upstream-revision` becomes Epoch, Version and Release; every package's Release ends
in `.lab4`, and so do bounds that must be met exactly. A Debian relation `a (>= 1) | b` becomes one Relation with two alternatives.
"""

import re
from dataclasses import dataclass, replace

DIST = ".lab4"
OPERATORS = {"<<": "<", "<=": "<=", "=": "=", ">=": ">=", ">>": ">"}


@dataclass(frozen=True)
class Version:
    epoch: str  # '' if none
    version: str
    release: str  # '' in a relation that names no revision

    def __str__(self):
        epoch = f"{self.epoch}:" if self.epoch else ""
        release = f"-{self.release}" if self.release else ""
        return f"{epoch}{self.version}{release}"


def rpm_version(debian: str, relation: bool = False) -> Version:
    """Converts a version; a native package (no revision) gets release 1, a relation none."""
    epoch, _, rest = debian.rpartition(":")
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    # RPM forbids '-' inside a version; '.' separates fields just as well.
    upstream = re.sub(r"[^A-Za-z0-9.+_~^]", ".", upstream)
    revision = re.sub(r"[^A-Za-z0-9.+_~^]", ".", revision)
    if not revision and not relation:
        revision = "1"
    return Version("" if epoch == "0" else epoch, upstream, revision + DIST if revision else "")


@dataclass(frozen=True)
class Term:
    """One name of a relation, with its bound: operator '' and version '' if it has none."""

    name: str
    operator: str = ""
    version: str = ""

    def __str__(self):
        return f"{self.name} {self.operator} {self.version}" if self.operator else self.name


def parse_relations(text: str) -> list:
    """Reads a Debian field: a list (all of them) of lists (any of them) of Terms with Debian names."""
    relations = []
    for clause in filter(None, (part.strip() for part in text.split(","))):
        terms = []
        for alternative in clause.split("|"):
            found = re.fullmatch(
                r"\s*([A-Za-z0-9][A-Za-z0-9+.-]*)(?::\w+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^)\s]+)\s*\))?"
                r"(?:\s*\[[^\]]*\])?\s*", alternative)
            if not found:
                raise ValueError(f"cannot read the relation '{clause}'")
            name, operator, version = found.groups()
            terms.append(Term(name, operator or "", version or ""))
        relations.append(terms)
    return relations


def rpm_term(name: str, term: Term) -> Term:
    """The bound of a Debian term, on an RPM's name."""
    if not term.operator:
        return Term(name)
    version = rpm_version(term.version, relation=True)
    operator = OPERATORS.get(term.operator, term.operator)
    if operator in (">=", "<"):
        # Without our suffix, so that a rebuild of Debian's (1.0-2+b1) is not below its original (1.0-2).
        version = replace(version, release=version.release.removesuffix(DIST))
    if operator == ">" and not version.release:
        # RPM compares equal where one side has no release; Debian's '1.2-3 >> 1.2' is true.
        operator = ">="
    return Term(name, operator, str(version))


def rpm_relation(terms: list) -> str:
    """One RPM dependency: alternatives become a rich dependency."""
    unbound = {term.name for term in terms if not term.operator}
    unique = list(dict.fromkeys(str(term) for term in terms if not term.operator or term.name not in unbound))
    return unique[0] if len(unique) == 1 else "(" + " or ".join(unique) + ")"
