"""The spec of a unit: one %package, %files and scriptlets for each of its RPMs."""

import re

import scriptlets
from metadata import Metadata, relation_lines
from payload import Payload

LICENSE = "LicenseRef-Debian-copyright"  # each file's licence is in /usr/share/doc/PACKAGE/copyright
LOCALE = re.compile(r"^/usr/share/(?:locale|man)/([a-z]{2,3}(?:_[A-Z]{2})?(?:@\w+)?)(?:[./]|$)")
MACROS = re.compile(r"%")


def spec_text(unit, metadata: Metadata, payload: Payload, tree: str) -> str:
    """The whole spec. `tree` is the folder that becomes the buildroot."""
    out = [
        f"Name: lab-unit-{unit.name}",
        "Version: 0",
        "Release: 0",
        f"Summary: The packages of unit {unit.name}",
        f"License: {LICENSE}",
        "",
        "%description",
        "Never built itself.",
        "",
    ]
    for name in unit.rpms:
        out += package_section(metadata.rpm(name), payload)
    out += ["%install", 'rm -rf "%{buildroot}"', f'mv "{tree}" "%{{buildroot}}"', ""]
    for name in unit.rpms:
        out += [f"%files -n {name}", "%defattr(-, root, root, -)", *file_lines(payload.entries[name]), ""]
    return "\n".join(out) + "\n"


def package_section(rpm, payload: Payload) -> list:
    """%package, %description and scriptlets of one RPM."""
    tags, sections = scriptlets.generated(payload.entries[rpm.name], payload.root)
    version = rpm.version
    head = [f"%package -n {rpm.name}", f"Summary: {escaped(rpm.summary)}"]
    if version.epoch:
        head.append(f"Epoch: {version.epoch}")
    head += [f"Version: {version.version}", f"Release: {version.release}"]
    if rpm.arch == "noarch":
        head.append("BuildArch: noarch")
    if rpm.url:
        head.append(f"URL: {escaped(rpm.url)}")
    return [*head, *relation_lines(rpm), *tags, "", f"%description -n {rpm.name}", escaped(rpm.description), "",
            scriptlets.merged(rpm.name, sections, rpm.scriptlets)]


def file_lines(owned: dict) -> list:
    """The %files list: every path with its mode, owner and marks."""
    lines = []
    for path in sorted(owned):
        entry = owned[path]
        words = []
        if entry.kind != "link":
            words.append(f"%attr({entry.mode:04o}, {entry.user}, {entry.group})")
        if entry.kind == "dir":
            words.append("%dir")
        if entry.capabilities:
            words.append(f"%caps({entry.capabilities})")
        if entry.ghost:
            words.append("%ghost")
        elif entry.config and entry.kind == "file":
            words.append("%config(noreplace)")
        language = LOCALE.match(path)
        if language and entry.kind != "dir":
            words.append(f"%lang({language.group(1)})")
        lines.append(" ".join([*words, quoted(path)]))
    return lines


def quoted(path: str) -> str:
    """A path for %files, which takes globs: each special character stands in a class of its own."""
    path = re.sub(r"([\[*?{])", r"[\1]", path)
    path = path.replace("\\", "?").replace("%", "%%")
    return f'"{path}"'


def escaped(text: str) -> str:
    return MACROS.sub("%%", text)
