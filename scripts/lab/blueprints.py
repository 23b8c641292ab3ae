"""The package names that blueprints ask for."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from faults import HostLacks, WrongUse
from mapping import HERE

try:
    import yaml
except ImportError:
    yaml = None


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
    """packages.install of a blueprint and of those it extends."""
    if yaml is None:
        raise HostLacks("cannot read YAML, needed for --for", "python3-yaml")
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise WrongUse(f"cannot read blueprint '{path}': {error.strerror}", "give the path of a blueprint") from None
    except yaml.YAMLError as error:
        raise WrongUse(f"{path}: not YAML: {error}", "correct the file") from None
    if not isinstance(document, dict):
        raise WrongUse(f"{path}: not a blueprint: its top is no mapping", "give the path of a blueprint")
    found = []
    extends = document.get("extends") or []
    for other in [extends] if isinstance(extends, str) else extends:
        found += install_list(path.parent / other)
    for item in (document.get("packages") or {}).get("install") or []:
        found.append(str(item))
    return found


def group(name: str) -> list:
    """The packages of a comps group."""
    tree = ElementTree.parse(HERE / "comps.xml")
    groups = {found.findtext("id"): found for found in tree.iter("group")}
    if name not in groups:
        raise WrongUse(f"no group '@{name}' in the lab", f"known groups: {', '.join(sorted(groups))}")
    return [item.text for item in groups[name].iter("packagereq")]
