"""The rows of changes.tsv, applied to an unpacked payload.

A row has an RPM ('*' for every one, with drop only), an action, a path and an argument. `path` is a regex for
drop, attr and config, else a path from the root; `@kernel@` in it is the kernel's release.

  drop    leave matching paths out (payload.py does it while unpacking)
  move    path -> argument; a directory goes with all in it
  copy    path -> argument, the same content twice
  link    a symbolic link at path, to argument
  dir     an empty directory; argument: mode[,user,group], 755 if empty
  attr    argument: mode,user,group[,capabilities]
  config  mark as configuration
  ghost   owned but not in the package, since it is made at run time; argument: mode
  edit    argument: |regex|replacement| in the file at path, with any separator

A row that finds nothing to do is an error: the tables must follow Debian's packages.
"""

import os
import re
import shutil

from entry import Entry
from faults import Fault


def apply(payload, rpm: str, row: dict):
    """Applies one row to the entries of `rpm` and to the tree."""
    kernel = next((deb.removeprefix("linux-image-") for deb in payload.unit.debs
                   if deb.startswith("linux-image-")), "")
    path = row["path"].replace("@kernel@", kernel)
    argument = row["argument"].replace("@kernel@", kernel)
    action = ACTIONS.get(row["action"])
    if action is None:
        raise Fault(f"changes.tsv: unknown action '{row['action']}' for '{rpm}'",
                    f"known actions: {', '.join(ACTIONS)}")
    action(payload, rpm, path, argument)


def drop(payload, rpm, path, argument):
    """Done while unpacking."""


def move(payload, rpm, path, argument):
    owned = payload.entries[rpm]
    moved = [name for name in owned if name == path or name.startswith(path + "/")]
    if not moved:
        raise missing(rpm, path, "move")
    payload.make_parent(argument)
    payload.path(path).rename(payload.path(argument))
    for name in moved:
        owned[argument + name.removeprefix(path)] = owned.pop(name)


def copy(payload, rpm, path, argument):
    owned = payload.entries[rpm]
    if path not in owned:
        raise missing(rpm, path, "copy")
    payload.make_parent(argument)
    shutil.copy2(payload.path(path), payload.path(argument))
    owned[argument] = Entry("file", owned[path].mode)


def link(payload, rpm, path, argument):
    payload.make_parent(path)
    payload.path(path).unlink(missing_ok=True)
    os.symlink(argument, payload.path(path))
    payload.entries[rpm][path] = Entry("link", 0o777)


def directory(payload, rpm, path, argument):
    mode, user, group = [*argument.split(","), "root", "root"][:3]
    payload.path(path).mkdir(parents=True, exist_ok=True)
    payload.entries[rpm][path] = Entry("dir", int(mode or "755", 8), user, group)


def attr(payload, rpm, path, argument):
    mode, user, group, *capabilities = argument.split(",")
    for entry in matching(payload, rpm, path, "attr"):
        entry.mode, entry.user, entry.group = int(mode, 8), user, group
        entry.capabilities = ",".join(capabilities)


def config(payload, rpm, path, argument):
    for entry in matching(payload, rpm, path, "config"):
        entry.config = True


def ghost(payload, rpm, path, argument):
    owned = payload.entries[rpm]
    if path not in owned:
        payload.make_parent(path)
        payload.path(path).touch()
        owned[path] = Entry("file", int(argument, 8))
    owned[path].ghost = True


def edit(payload, rpm, path, argument):
    _, pattern, replacement, _ = argument.split(argument[0])
    if path not in payload.entries[rpm]:
        raise missing(rpm, path, "edit")
    text, count = re.subn(pattern, replacement.replace("\\n", "\n"), payload.path(path).read_text(), flags=re.M)
    if not count:
        raise Fault(f"changes.tsv: nothing in '{path}' of '{rpm}' matches '{pattern}'", "correct the row")
    payload.path(path).write_text(text)


ACTIONS = {"drop": drop, "move": move, "copy": copy, "link": link, "dir": directory, "attr": attr,
           "config": config, "ghost": ghost, "edit": edit}


def matching(payload, rpm: str, path: str, action: str) -> list:
    """The entries whose path matches the regex."""
    found = [entry for name, entry in payload.entries[rpm].items() if re.search(path, name)]
    if not found:
        raise missing(rpm, path, action)
    return found


def missing(rpm: str, path: str, action: str) -> Fault:
    return Fault(f"changes.tsv: no path of '{rpm}' matches '{path}' ({action})", "correct the row")
