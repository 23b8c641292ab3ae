"""Scriptlets that follow from a package's files, as Fedora's packages have them.

Units get their presets applied by systemd-update-helper; users and groups of a sysusers.d file are made
before the package's files are unpacked, since some belong to them. What a package needs beyond that is
written out in parts/NAME.spec.
"""

import re
import shlex
from pathlib import Path

from faults import Fault

UNIT = re.compile(r"^/usr/lib/systemd/system/([^/@]+\.(?:service|socket|timer|path|target|mount))$")
SYSUSERS = re.compile(r"^/usr/lib/sysusers\.d/[^/]+\.conf$")
SECTION = re.compile(r"^%(pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans)(?=\s|$)(.*)$")


def generated(owned: dict, root: Path):
    """(tags, {section: body}) that a package's entries call for."""
    tags, sections = [], {}
    users = [line for path in sorted(owned) if SYSUSERS.match(path)
             for line in sysusers_commands((root / path[1:]).read_text())]
    if users:
        tags.append("Requires(pre): shadow-utils glibc-common")
        sections["pre"] = "\n".join(users)
    units = sorted(found.group(1) for path in owned if (found := UNIT.match(path))
                   and owned[path].kind == "file" and installable((root / path[1:]).read_text()))
    if units:
        helper = "/usr/lib/systemd/systemd-update-helper"
        tags.append("OrderWithRequires(post): systemd")
        tags.append("OrderWithRequires(preun): systemd")
        names = " ".join(units)
        sections["post"] = (f"if [ $1 -eq 1 ] && [ -x {helper} ]; then\n"
                            f"  {helper} install-system-units {names} || :\nfi")
        sections["preun"] = (f"if [ $1 -eq 0 ] && [ -x {helper} ]; then\n"
                             f"  {helper} remove-system-units {names} || :\nfi")
    return tags, sections


def installable(unit: str) -> bool:
    return re.search(r"^\[Install\]", unit, re.M) is not None


def sysusers_commands(text: str) -> list:
    """groupadd and useradd commands for a sysusers.d file, skipping what exists."""
    commands = []
    for line in text.splitlines():
        fields = re.findall(r'"[^"]*"|\S+', line.split("#")[0] if line.startswith("#") else line)
        if not fields:
            continue
        kind, name, number, gecos, home, shell = [*(f.strip('"') for f in fields), "", "", "", "", ""][:6]
        fixed = number if re.fullmatch(r"\d+", number) else ""
        if kind in ("u", "u!"):
            uid, _, group = number.partition(":")
            uid = uid if uid.isdigit() else ""
            # 'u NAME -:GROUP' uses a group that exists; else a group of the user's name is made.
            if not group or group == "-":
                group = name
                commands.append(f"getent group {name} >/dev/null || groupadd -r {_opt('-g', uid)}{name}")
            home = home if home not in ("", "-") else "/"
            shell = shell if shell not in ("", "-") else "/usr/sbin/nologin"
            gecos = gecos if gecos not in ("", "-") else name
            commands.append(f"getent passwd {name} >/dev/null || useradd -r {_opt('-u', uid)}-g {group} "
                            f"-d {home} -s {shell} -c {shlex.quote(gecos)} -M {name}")
        elif kind == "g":
            commands.append(f"getent group {name} >/dev/null || groupadd -r {_opt('-g', fixed)}{name}")
        elif kind == "m":
            commands.append(f"usermod -a -G {number} {name}")
        elif kind != "r":
            raise Fault(f"cannot make a scriptlet of the sysusers.d line '{line}'")
    return commands


def _opt(flag: str, value: str) -> str:
    return f"{flag} {value} " if value else ""


def merged(name: str, sections: dict, written: str) -> str:
    """The spec's scriptlet sections for RPM `name`: generated ones, then what the part adds."""
    lines = []
    remaining = dict(sections)
    blocks = re.split(r"^(?=%(?:pre|post|trans|file|trigger|verify))", written, flags=re.M)
    for block in filter(str.strip, blocks):
        head, _, body = block.partition("\n")
        found = SECTION.match(head)
        if found and found.group(1) in remaining:
            if "-p" in head:
                raise Fault(f"parts/{name}.spec: '{head}' meets a generated shell scriptlet", "write it in shell")
            body = remaining.pop(found.group(1)) + "\n" + body
        keyword, _, rest = head.partition(" ")
        lines.append(f"{keyword} -n {name} {rest}".rstrip() + "\n" + body.rstrip() + "\n")
    for section in sorted(remaining):
        lines.append(f"%{section} -n {name}\n{remaining[section]}\n")
    return "\n".join(lines)
