"""What an RPM says about itself: its tags, worked out from Debian's index and parts/NAME.spec.

parts/NAME.spec holds what Debian does not say: tags such as Requires and Provides up to the first line
that starts with '%', and scriptlets from there on. In it `@evr:DEB@` stands for the version of a Debian
package, `@evr@` for the RPM's own and `@kernel@` for the kernel's release
(`uname -r`; `@kernel-version@` with '_' for '-', where RPM wants a version).
"""

import re
from dataclasses import dataclass, field

from faults import Fault
from mapping import HERE, KERNEL_META, KERNEL_PATTERN, Mapping
from relations import DIST, Term, Version, parse_relations, rpm_relation, rpm_term, rpm_version

OWN_VERSION = Version("", "4.0", "1" + DIST)  # of packages written here, as Azure Linux's release
LISTS = ("requires", "recommends", "suggests", "provides", "conflicts", "obsoletes")


@dataclass
class Rpm:
    name: str
    version: Version
    arch: str
    summary: str
    description: str
    url: str
    requires: list = field(default_factory=list)  # lists of alternatives (Terms with RPM names)
    recommends: list = field(default_factory=list)
    suggests: list = field(default_factory=list)
    provides: list = field(default_factory=list)  # Terms
    conflicts: list = field(default_factory=list)
    obsoletes: list = field(default_factory=list)
    tags: list = field(default_factory=list)  # lines of parts/NAME.spec, as they go into the spec
    scriptlets: str = ""

    def needs(self, weak: bool = False):
        """Every requirement as a list of alternatives, with those of the part; for the closure."""
        found = [[term.name for term in terms] for terms in self.requires]
        for line in self.tags:
            tag, _, text = line.partition(":")
            if re.fullmatch(r"Requires(\(.*\))?", tag) or (weak and tag == "Recommends"):
                bare = re.sub(r"\s[<>=]+\s*[^\s()]+", "", text).strip()
                if bare.startswith("("):
                    found.append(bare.strip("()").split(" or "))
                else:
                    found += [[word] for word in bare.split()]
        return found

    def capabilities(self):
        names = {self.name} | {term.name for term in self.provides}
        for line in self.tags:
            if line.startswith("Provides:"):
                names.add(line.split(":", 1)[1].split()[0])
        return names


class Metadata:
    """Makes Rpm values on demand, and remembers them."""

    def __init__(self, archive, mapping: Mapping):
        self.archive = archive
        self.mapping = mapping
        meta = archive.field(KERNEL_META, "Depends")
        self.kernel_deb = re.search(r"linux-image-[0-9]\S*-cloud-amd64", meta).group()
        self.kernel_release = self.kernel_deb.removeprefix("linux-image-")
        self._made = {}

    def rpm(self, name: str) -> Rpm:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def version_of_deb(self, deb: str) -> Version:
        deb = self.kernel_deb if deb == KERNEL_PATTERN else deb
        return rpm_version(self.archive.field(deb, "Version"))

    def _make(self, name: str) -> Rpm:
        debs = self.mapping.debs(name)
        tags, scriptlets = self._part(name)
        if not debs:
            rpm = Rpm(name, OWN_VERSION, "noarch", "", "", "")
        else:
            rpm = self._from_debian(name, debs)
        for line in list(tags):
            tag, _, text = line.partition(":")
            if tag == "Summary":
                rpm.summary = text.strip()
            elif tag == "Version-of":
                rpm.version = self.version_of_deb(text.strip())
            elif tag == "BuildArch":
                rpm.arch = text.strip()
            else:
                continue
            tags.remove(line)
        if not rpm.summary:
            raise Fault(f"scripts/lab/parts/{name}.spec: no Summary, and no Debian package to take it from",
                        "add a 'Summary:' line")
        rpm.description = rpm.description or rpm.summary
        rpm.tags = [self._fill(line, rpm) for line in tags]
        rpm.scriptlets = self._fill(scriptlets, rpm)
        return rpm

    def _part(self, name: str):
        """The tag lines and the scriptlets of parts/NAME.spec, if there is one."""
        path = HERE / "parts" / f"{name}.spec"
        if not path.exists():
            return [], ""
        lines = path.read_text().splitlines()
        start = next((i for i, line in enumerate(lines) if line.startswith("%")), len(lines))
        tags = [line.strip() for line in lines[:start] if line.strip() and not line.startswith("#")]
        return tags, "\n".join(lines[start:])

    def _fill(self, text: str, rpm: Rpm) -> str:
        text = text.replace("@evr@", str(rpm.version)).replace("@kernel@", self.kernel_release)
        # A version in RPM has one '-' at most.
        text = text.replace("@kernel-version@", self.kernel_release.replace("-", "_"))
        return re.sub(r"@evr:([^@]+)@", lambda found: str(self.version_of_deb(found.group(1))), text)

    def _from_debian(self, name: str, debs: list) -> Rpm:
        get = self.archive.field
        first = debs[0]
        arch = "x86_64" if any(get(deb, "Architecture") == "amd64" for deb in debs) else "noarch"
        summary = get(first, "Description")
        origin = ", ".join(f"{deb} {get(deb, 'Version')}" for deb in debs)
        text = f"{summary}\n\nMade of Debian's {origin}."
        rpm = Rpm(name, rpm_version(get(first, "Version")), arch, summary, text, get(first, "Homepage"))
        for deb in debs:
            if self.mapping.rpm_of(deb) != name:
                continue  # only a part of it: the RPM that has the rest carries its relations
            if deb != first:
                rpm.provides.append(Term(f"deb({deb})", "=", str(self.version_of_deb(deb))))
            self._add_requires(rpm, deb)
            self._add_weak(rpm, deb)
            self._add_provides(rpm, deb)
            self._add_conflicts(rpm, deb)
        self._tie_parts(rpm, debs)
        for key in LISTS:
            unique = {repr(item): item for item in getattr(rpm, key)}
            setattr(rpm, key, [unique[text] for text in sorted(unique)])
        return rpm

    def _tie_parts(self, rpm: Rpm, debs: list):
        """The parts of a split package: the rest requires its needed parts, others the rest."""
        for deb in debs:
            for part, pattern, needed in self.mapping.splits.get(deb, []):
                rest = self.mapping.owner[deb]
                if pattern is None or "-" in (part, rest) or part == rest:
                    continue
                if needed and rpm.name == rest:
                    rpm.requires.append([Term(part)])
                elif not needed and rpm.name == part:
                    bound = self.version_of_deb(self.mapping.debs(rest)[0])
                    rpm.requires.append([Term(rest, "=", str(bound))])

    def _add_requires(self, rpm: Rpm, deb: str):
        for key in ("Pre-Depends", "Depends"):
            for terms in parse_relations(self.archive.field(deb, key)):
                translated = self._alternatives(rpm.name, deb, terms)
                if translated:
                    rpm.requires.append(translated)

    def _add_weak(self, rpm: Rpm, deb: str):
        """Recommends stay so where Azure Linux has the package; the others become Suggests."""
        for key, listed in (("Recommends", rpm.recommends), ("Suggests", rpm.suggests)):
            for terms in parse_relations(self.archive.field(deb, key)):
                translated = self._alternatives(rpm.name, deb, terms, weak=True)
                if not translated:
                    continue
                known = translated[0].name in self.mapping.full
                (listed if known else rpm.suggests).append([translated[0]])

    def _alternatives(self, name: str, deb: str, terms: list, weak: bool = False) -> list:
        """RPM terms for the alternatives of one relation; [] if it is dropped or already met."""
        found = []
        for term in terms:
            rule = self.mapping.dependency_rule(name, term.name)
            if rule == "":
                return []
            if rule is not None:
                found.append(Term(rule))
                continue
            translated = self._term(term)
            if translated is None:
                continue
            if translated.name == name:
                return []
            if len(terms) > 1 and not self.archive.satisfiable(term.name, term.operator, term.version):
                continue  # an alternative for another suite
            found.append(translated)
        if not found and not weak:
            wanted = " | ".join(term.name for term in terms)
            raise Fault(f"Debian package '{deb}' (RPM '{name}') depends on '{wanted}', which the lab cannot have",
                        "add a row to scripts/lab/dependencies.tsv, or map the package")
        return found

    def _term(self, term: Term):
        """A Debian term as an RPM term; None if no package of that name can be had."""
        if term.name in self.archive.stanzas:
            owner = self.mapping.rpm_of(term.name)
            if owner is None:
                return None
            first = self.mapping.debs(owner)[0]
            if not term.operator or term.name == first or (
                    self.version_of_deb(first) == self.version_of_deb(term.name)):
                return rpm_term(owner, term)
            return rpm_term(f"deb({term.name})", term)
        if term.name in self.archive.providers and term.name not in self.mapping.how:
            return rpm_term(term.name, term)
        return None

    def _add_provides(self, rpm: Rpm, deb: str):
        for terms in parse_relations(self.archive.field(deb, "Provides")):
            # A virtual name that is another RPM's in Azure Linux would make two packages answer to it.
            if terms[0].name not in self.mapping.how and terms[0].name != rpm.name:
                rpm.provides.append(rpm_term(terms[0].name, terms[0]))

    def _add_conflicts(self, rpm: Rpm, deb: str):
        relations = {key: [terms[0] for terms in parse_relations(self.archive.field(deb, key))]
                     for key in ("Conflicts", "Breaks", "Replaces")}
        for term in relations["Conflicts"] + relations["Breaks"]:
            if self.mapping.dependency_rule(rpm.name, term.name) == "":
                continue
            gone = term.name not in self.archive.stanzas
            if gone and any(other.name == term.name for other in relations["Replaces"]):
                # Broken, replaced and no longer in the suite: what RPM calls obsolete.
                if term.name not in self.mapping.how and term.operator in ("<<", "<="):
                    rpm.obsoletes.append(rpm_term(term.name, term))
                continue
            translated = self._term(term)
            if translated is None or translated.name == rpm.name:
                continue
            if term.operator and term.name in self.archive.providers:
                continue  # an unversioned Provides would count as conflicting with any version
            rpm.conflicts.append(translated)


def relation_lines(rpm: Rpm) -> list:
    """The relation tags of an RPM, as lines of a spec."""
    lines = []
    for key in ("requires", "recommends", "suggests"):
        lines += [f"{key.capitalize()}: {rpm_relation(terms)}" for terms in getattr(rpm, key)]
    for key in ("provides", "conflicts", "obsoletes"):
        lines += [f"{key.capitalize()}: {term}" for term in getattr(rpm, key)]
    return lines + rpm.tags
