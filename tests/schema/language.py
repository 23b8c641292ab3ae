"""Blueprints as a schema's validator sees them: YAML 1.2's values, without the tags of the language."""

import re
from pathlib import Path

import yaml


class Removed:
    """A value that `!remove` takes away."""


class Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2, which editors read: no dates, no octals, no `yes`."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


def plain(loader, node):
    """The value that a tag stands before."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_object(yaml.ScalarNode(loader.resolve(yaml.ScalarNode, node.value, (True, False)),
                                                   node.value, style=node.style))


def removed(loader, node):
    """Editors see the text after `!remove`: the name of an entry, or nothing."""
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else plain(loader, node)


Loader.add_constructor("!replace", plain)
Loader.add_constructor("!merge", plain)
Loader.add_constructor("!remove", removed)


def read(text: str):
    return yaml.load(text, Loader=Loader)


def blueprints(checkout: Path) -> tuple:
    """The texts, by name, of what the composer takes, and of what it refuses for its keys or values."""
    good, bad = {}, {}
    for path in sorted((checkout / "blueprints").rglob("*.yaml")):
        good[str(path.relative_to(checkout))] = path.read_text()
    golden = checkout / "tests/golden/blueprint"
    for path in sorted(golden.glob("*.yaml")):
        if path.with_suffix(".expected").read_text() == "no problem\n":
            good[path.name] = path.read_text()
    document = (checkout / "docs/blueprint.md").read_text()
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)):
        if re.search(r"^(blueprint|part): 1", block, re.MULTILINE):
            good[f"docs/blueprint.md, example {number}"] = block
    for name in ("base", "ssh", "core"):
        good[f"parts/{name}.yaml"] = (golden / f"parts/{name}.yaml").read_text()
    for name in ("credentials", "empty-values", "missing", "nothing-in-it", "ten-mistakes", "unknown-keys",
                 "wrong-shapes", "composition-shapes", "parts/text", "parts/extending"):
        bad[name] = (golden / f"{name}.yaml").read_text()
    whole = (golden / "good.yaml").read_text()
    for name, (old, new) in MISTAKES.items():
        if old not in whole:
            raise SystemExit(f"good.yaml has no {old!r} to make the mistake '{name}' of")
        bad[name] = whole.replace(old, new, 1)
    return good, bad


# One mistake each in good.yaml: what was there, and what is there instead.
MISTAKES = {
    "language of tomorrow": ("blueprint: 1", "blueprint: 2"),
    "no name": ("\nname: ", "\n#name: "),
    "name with a space": ("\nname: ", "\nname: a "),
    "architecture of another name": ("arch: x86_64", "arch: amd64"),
    "repository without an id": ("- id: lab", "- cost: 5"),
    "repository that nobody names so": ("    metadata_signature: true", "    gpgcheck: true"),
    "boolean of YAML 1.1": ("metadata_signature: true", "metadata_signature: yes"),
    "number out of range": ("metadata_signature: true", "priority: 0"),
    "number in words": ("metadata_signature: true", "cost: much"),
    "package list of one text": ("  install:\n", "  exclude: bash\n  install:\n"),
    "package that is a mapping": ("    - bash\n", "    - bash: 5\n"),
    "size without a unit": ("size: 5 GiB", "size: 5"),
    "size in decimal units": ("size: 5 GiB", "size: 5GB"),
    "partition of no type": ("      type: esp\n", ""),
    "partition of an unknown type": ("type: esp", "type: efi"),
    "partition that is a text": ("    - label: esp\n", "    - root\n    - label: esp\n"),
    "mount point that is relative": ("mount: /boot/efi", "mount: boot/efi"),
    "kernel argument with a space": ("kernel_arguments: [", "kernel_arguments: [a b, "),
    "setting without a value": ("  timezone: UTC", "  timezone:"),
    "setting of nothing known": ("  timezone: UTC", "  time_zone: UTC"),
    "target without its suffix": ("target: multi-user.target", "target: multi-user"),
    "list that is a text": ("outputs:", "outputs: qcow2\nignored:"),
    "key that is misspelled": ("packages:", "package:"),
}
