"""The package names that blueprints ask for."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import parts
from faults import WrongUse
from mapping import HERE


def wanted_packages(paths: list, names: list):
    """Plain RPM names for blueprints and names given; None means the full set."""
    if not paths and not names:
        return None
    items = list(names)
    for path in paths:
        items += install_list(path)
    wanted = []
    for item in items:
        if item.startswith("@"):
            wanted += group(item[1:])
        elif "/" in item or "*" in item or "?" in item:
            # Only built packages tell which one has a file, so a path needs all of them.
            print(f"'{item}' may be in any package: making the full set", flush=True)
            return None
        else:
            wanted.append(re.split(r"[\s<>=]", item.strip())[0])
    return sorted(set(wanted))


def install_list(path: Path) -> list:
    """packages.install of a blueprint with all the files that it is made of."""
    for tool in built_tools():
        done = subprocess.run(
            [tool, "validate", "--explain", "--json", str(path)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and done.stdout.startswith("{"):
            packages = json.loads(done.stdout)["blueprint"].get("packages", {})
            return [entry["value"] for entry in packages.get("install", [])]
        # Else it is older than this script, or refuses the blueprint, as it will again when it builds.
    return parts.install_list(path)


def built_tools() -> list:
    """The composer where it is built, which knows the language better than this script."""
    named = os.environ.get("IMAGE_COMPOSER")
    if named:
        return [named]
    built = [HERE.parents[1] / "build" / preset / "image-composer" for preset in ("release", "dev")]
    return [str(tool) for tool in built if os.access(tool, os.X_OK)]


def group(name: str) -> list:
    """The packages of a comps group."""
    tree = ElementTree.parse(HERE / "comps.xml")
    groups = {found.findtext("id"): found for found in tree.iter("group")}
    if name not in groups:
        raise WrongUse(f"no group '@{name}' in the lab", f"known groups: {', '.join(sorted(groups))}")
    return [item.text for item in groups[name].iter("packagereq")]
