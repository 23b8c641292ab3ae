"""The packages that a blueprint asks for, read without the composer.

It follows extends, include, per_arch, profiles and variables, and in lists `!remove` and `!replace`. It does
not judge: what is wrong with a blueprint is for the composer to say.
"""

import re
from pathlib import Path

from faults import HostLacks, WrongUse

try:
    import yaml
except ImportError:
    yaml = None

VARIABLE = re.compile(r"(?<!\$)\$\{\{ *([\w-]+) *\}\}")


class Tagged:
    """A value with `!replace`, `!remove` or `!merge` before it."""

    def __init__(self, change: str, value):
        self.change = change
        self.value = value


def install_list(path: Path) -> list:
    """packages.install as the blueprint's files come to it."""
    if yaml is None:
        raise HostLacks("cannot read YAML, needed for --for", "python3-yaml")
    files = Files()
    files.read(path)
    seen, found = set(), {"install": [], "variables": {}, "arch": None, "select": []}
    choose(files, path, found, set())
    merge(files, path, found, seen)
    return [expand(item, found["variables"]) for item in found["install"]]


class Files:
    """Documents by path, each read once; a cycle is an error."""

    def __init__(self):
        self.documents = {}

    def read(self, path: Path) -> dict:
        key = path.resolve()
        if key in self.documents:
            return self.documents[key]
        document = load(path)
        self.documents[key] = document
        for other in named_files(document):
            self.read(path.parent / other)
        return document


def load(path: Path) -> dict:
    try:
        document = yaml.load(path.read_text(), Loader=loader())
    except OSError as error:
        raise WrongUse(f"cannot read blueprint '{path}': {error.strerror}", "give the path of a blueprint") from None
    except yaml.YAMLError as error:
        raise WrongUse(f"{path}: not YAML: {error}", "correct the file") from None
    if not isinstance(document, dict):
        raise WrongUse(f"{path}: not a blueprint: its top is no mapping", "give the path of a blueprint")
    return document


def loader():
    class Loader(yaml.SafeLoader):
        """SafeLoader that knows the language's tags."""

    def tagged(change):
        def construct(reader, node):
            if isinstance(node, yaml.MappingNode):
                return Tagged(change, reader.construct_mapping(node, deep=True))
            if isinstance(node, yaml.SequenceNode):
                return Tagged(change, reader.construct_sequence(node, deep=True))
            return Tagged(change, reader.construct_scalar(node))

        return construct

    for change in ("replace", "remove", "merge"):
        Loader.add_constructor("!" + change, tagged(change))
    return Loader


def named_files(section: dict) -> list:
    named = [section["extends"]] if section.get("extends") else []
    named += section.get("include") or []
    for sections in (section.get("per_arch"), section.get("profiles")):
        for inner in (sections or {}).values():
            named += named_files(inner or {})
    return named


def plain(value):
    return value.value if isinstance(value, Tagged) else value


def lay_list(base: list, over) -> list:
    if isinstance(over, Tagged):
        base, over = [], over.value if over.change == "replace" else []
    for item in over or []:
        if isinstance(item, Tagged):
            base = [old for old in base if old != str(item.value)]
        elif str(item) not in base:
            base = [*base, str(item)]
    return base


def choose(files: Files, path: Path, found: dict, seen: set):
    """What decides which sections are merged: the architecture and the profiles."""
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    document = files.read(path)
    for other in ([document["extends"]] if document.get("extends") else []) + (document.get("include") or []):
        choose(files, path.parent / other, found, seen)
    found["arch"] = plain(document.get("arch")) or found["arch"]
    found["select"] = lay_list(found["select"], document.get("select"))


def merge(files: Files, path: Path, found: dict, seen: set):
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    merge_section(files, path, files.read(path), found, seen)


def merge_section(files: Files, path: Path, section: dict, found: dict, seen: set):
    for other in ([section["extends"]] if section.get("extends") else []) + (section.get("include") or []):
        merge(files, path.parent / other, found, seen)
    packages = section.get("packages")
    if isinstance(packages, Tagged):
        found["install"] = []
    packages = plain(packages)
    if isinstance(packages, dict):
        found["install"] = lay_list(found["install"], packages.get("install"))
    for name, value in (plain(section.get("variables")) or {}).items():
        found["variables"][str(name)] = str(plain(value))
    per_arch = (section.get("per_arch") or {}).get(found["arch"])
    if per_arch:
        merge_section(files, path, per_arch, found, seen)
    for name in found["select"]:
        profile = (section.get("profiles") or {}).get(name)
        if profile:
            merge_section(files, path, profile, found, seen)


def expand(text: str, variables: dict) -> str:
    for _ in range(16):  # Variables may hold variables.
        grown = VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)
        if grown == text:
            break
        text = grown
    return text
