#!/usr/bin/env python3
"""Judges a .wsl file by Microsoft's rules, with Python's tarfile: shares nothing with the writer.

Written from "Build a custom Linux distribution for WSL" (learn.microsoft.com). Prints what is wrong, one
line each, and ends with 1 when anything is.
"""
import configparser
import posixpath
import sys
import tarfile


def main(path):
    wrong = []
    with open(path, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            wrong.append("not gzip")
    with tarfile.open(path, "r:gz") as archive:
        members = {member.name: member for member in archive}

        def find(name, depth=10):
            """The member that a path leads to, links followed within the archive."""
            done = ""
            for part in name.strip("/").split("/"):
                done = posixpath.normpath(posixpath.join(done, part)).lstrip("/")
                member = members.get(done)
                if member is None:
                    return None
                if member.issym():
                    if depth == 0:
                        return None
                    target = posixpath.join("/" + posixpath.dirname(done), member.linkname)
                    member = find(posixpath.normpath(target), depth - 1)
                    if member is None:
                        return None
                    done = member.name
            return members.get(done)

        def settings(name):
            parser = configparser.ConfigParser()
            parser.read_string(archive.extractfile(find(name)).read().decode())
            return {f"{s}.{k}": v for s in parser.sections() for k, v in parser[s].items()}

        for name, member in members.items():
            if name.startswith(("/", "./")):
                wrong.append(f"{name}: not a path from the root")
            if member.uname or member.gname:
                wrong.append(f"{name}: the owner has a name")
            for key in member.pax_headers:
                if key.endswith(("security.selinux", "security.ima", "security.evm")):
                    wrong.append(f"{name}: has {key}")
            if name.startswith("boot/vmlinuz") or name.startswith("boot/init"):
                wrong.append(f"{name}: a kernel or initramfs")
        if "etc/resolv.conf" in members:
            wrong.append("etc/resolv.conf is there")
        for name, modes in (("etc/wsl-distribution.conf", (0o644, 0o664)), ("etc/passwd", (0o644, 0o664)),
                            ("etc/shadow", (0o640, 0o600, 0)), ("bin/sh", (0o755, 0o775)),
                            ("bin/bash", (0o755, 0o775))):
            member = find(name)
            if member is None:
                wrong.append(f"{name}: missing")
            elif member.mode not in modes or member.uid != 0:
                wrong.append(f"{name}: mode {member.mode:o}, uid {member.uid}")
        if find("etc/wsl-distribution.conf"):
            command = settings("etc/wsl-distribution.conf").get("oobe.command")
            if command and (find(command) is None or find(command).mode not in (0o755, 0o775)):
                wrong.append(f"{command}: no program")
        if find("etc/wsl.conf") and settings("etc/wsl.conf").get("boot.systemd") == "true":
            if find("sbin/init") is None:
                wrong.append("sbin/init: missing, and systemd is on")
        if find("etc/shadow"):
            for line in archive.extractfile(find("etc/shadow")).read().decode().splitlines():
                if line.split(":")[1][:1] not in ("!", "*"):
                    wrong.append(f"etc/shadow: {line.split(':')[0]} has a password or needs none")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
