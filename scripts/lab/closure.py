"""Which RPMs a set of names needs, before any of them is built."""

from faults import Fault
from mapping import check_available


# What scriptlets that follow from files call (scriptlets.py): known only once packages are unpacked.
SCRIPTLETS_NEED = ["bash", "shadow-utils", "glibc-common"]


class Closure:
    """Grows a set of RPMs until every requirement is met inside it."""

    def __init__(self, archive, mapping, metadata):
        self.archive, self.mapping, self.metadata = archive, mapping, metadata
        self.names = set()
        self.met = set()  # every capability of the names chosen so far

    def grow(self, wanted: list, wanted_by: str) -> list:
        """Adds `wanted` and all they need; returns the names in order."""
        todo = list(SCRIPTLETS_NEED)
        for name in wanted:
            todo.append(self._provider(name, wanted_by))
        deferred = []
        while todo or deferred:
            if not todo:
                # Alternatives wait until what is certain is chosen: one of them may be in by then.
                names, needer = deferred.pop(0)
                if not self.met.intersection(names):
                    todo.append(self._choose(names, needer))
                continue
            name = todo.pop()
            if name in self.names:
                continue
            rpm = self.metadata.rpm(name)
            self.names.add(name)
            self.met |= rpm.capabilities()
            # The weak dependencies of packages written here carry meaning (the release's identity);
            # those of Debian's packages only widen the set.
            weak = not self.mapping.debs(name)
            for names in rpm.needs(weak):
                if self.met.intersection(names):
                    continue
                if len(names) == 1 and self._real(names[0]):
                    todo.append(names[0])
                else:
                    deferred.append((names, name))
        return sorted(self.names)

    def _real(self, name: str) -> bool:
        return self.mapping.how.get(name) not in ("absent", "virtual") and (
            name in self.mapping.debs_of or self.mapping.rpm_of(name) == name and name in self.archive.stanzas)

    def _choose(self, names: list, needer: str) -> str:
        for name in names:
            found = self._provider(name, None)
            if found:
                return found
        raise Fault(f"'{needer}' requires '{' or '.join(names)}', which nothing in the lab provides",
                    "add a row to scripts/lab/dependencies.tsv or packages.tsv")

    def _provider(self, name: str, wanted_by):
        if self._real(name):
            return name
        if name.startswith("deb("):
            return self.mapping.rpm_of(name[4:-1])
        for rpm in self.mapping.full:  # written Provides, such as system-release
            if name in self.metadata.rpm(rpm).capabilities():
                return rpm
        for deb in self.archive.providers.get(name, []):
            owner = self.mapping.rpm_of(deb)
            if owner and owner != "-":
                return owner
        if wanted_by:
            check_available(self.mapping, self.archive, name, wanted_by)
        return None
