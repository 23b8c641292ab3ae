"""Unpacking, splitting and changing files, with Debian packages made for the test."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts/lab"))

import mapping as tables  # noqa: E402
import specfile  # noqa: E402
from faults import Fault  # noqa: E402
from payload import Payload  # noqa: E402


class FakeArchive:
    """Debian packages in a folder, built from {path: content or '-> target'}."""

    def __init__(self, folder: Path):
        self.folder = folder

    def add(self, name: str, files: dict, conffiles=()):
        tree = self.folder / f"{name}.tree"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1.0-1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: test\n")
        if conffiles:
            (tree / "DEBIAN/conffiles").write_text("".join(path + "\n" for path in conffiles))
        for path, content in files.items():
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith("-> "):
                os.symlink(content[3:], target)
            else:
                target.write_text(content)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, self.deb_path(name)],
                       check=True, capture_output=True)

    def deb_path(self, name: str) -> Path:
        return self.folder / f"{name}.deb"


class Unpacking(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.archive = FakeArchive(self.folder)
        self.mapping = tables.Mapping()

    def unpack(self, rpms: dict, splits=None, changes=(), base=None) -> Payload:
        for rpm, debs in rpms.items():
            self.mapping.debs_of[rpm] = debs
            for deb in debs:
                self.mapping.owner.setdefault(deb, rpm)
        for deb, rows in (splits or {}).items():
            self.mapping.splits[deb] = rows
            self.mapping.owner[deb] = next(rpm for rpm, pattern, _ in rows if pattern is None)
        for row in changes:
            keys = ("rpm", "action", "path", "argument")
            row = dict(zip(keys, [*row, "", ""]))
            self.mapping.changes.setdefault(row["rpm"], []).append(row)
        unit = self.mapping.unit_of(next(iter(rpms)))
        tree = self.folder / "tree"
        tree.mkdir()
        payload = Payload(tree, self.mapping, unit, base or {})
        payload.unpack(self.archive)
        return payload

    def test_a_file_below_bin_moves_under_usr(self):
        self.archive.add("a", {"/bin/tool": "x"})
        payload = self.unpack({"a": ["a"]})
        self.assertIn("/usr/bin/tool", payload.entries["a"])
        self.assertNotIn("/bin/tool", payload.entries["a"])

    def test_a_relative_link_still_points_at_its_target_after_moving(self):
        self.archive.add("a", {"/lib/x/liba.so": "-> ../../usr/lib/y/liba.so.1", "/usr/lib/y/liba.so.1": "x"})
        payload = self.unpack({"a": ["a"]})
        self.assertEqual(os.readlink(payload.path("/usr/lib/x/liba.so")), "../y/liba.so.1")

    def test_the_links_of_the_merged_usr_stay(self):
        self.archive.add("a", {"/bin": "-> usr/bin", "/usr/bin/tool": "x"})
        payload = self.unpack({"a": ["a"]})
        self.assertEqual(payload.entries["a"]["/bin"].kind, "link")

    def test_a_split_gives_each_path_to_one_package_and_directories_to_all_that_use_them(self):
        import re
        self.archive.add("a", {"/usr/share/a/data": "x", "/usr/share/a/doc": "y"})
        payload = self.unpack({"a": ["a"], "a-doc": ["a"]},
                              {"a": [("a-doc", re.compile("doc$"), False), ("a", None, False)]})
        self.assertIn("/usr/share/a/data", payload.entries["a"])
        self.assertIn("/usr/share/a/doc", payload.entries["a-doc"])
        self.assertNotIn("/usr/share/a/doc", payload.entries["a"])
        self.assertIn("/usr/share/a", payload.entries["a"])
        self.assertIn("/usr/share/a", payload.entries["a-doc"])

    def test_the_filesystem_packages_directories_are_not_listed_again(self):
        self.archive.add("a", {"/usr/share/a": "x"})
        payload = self.unpack({"a": ["a"]}, base={"/usr": 0o755, "/usr/share": 0o755})
        self.assertEqual(list(payload.entries["a"]), ["/usr/share/a"])

    def test_conffiles_are_configuration(self):
        self.archive.add("a", {"/etc/a.conf": "x"}, conffiles=["/etc/a.conf"])
        payload = self.unpack({"a": ["a"]})
        self.assertIn('%attr(0644, root, root) %config(noreplace) "/etc/a.conf"',
                      specfile.file_lines(payload.entries["a"]))

    def test_a_moved_directory_takes_its_files_along(self):
        self.archive.add("a", {"/etc/old/x": "x"})
        payload = self.unpack({"a": ["a"]}, changes=[("a", "move", "/etc/old", "/etc/new")])
        self.assertIn("/etc/new/x", payload.entries["a"])
        self.assertTrue(payload.path("/etc/new/x").exists())

    def test_attr_sets_owner_mode_and_capabilities(self):
        self.archive.add("a", {"/usr/bin/ping": "x"})
        payload = self.unpack({"a": ["a"]}, changes=[("a", "attr", "ping$", "0755,root,adm,cap_net_raw=ep")])
        self.assertIn('%attr(0755, root, adm) %caps(cap_net_raw=ep) "/usr/bin/ping"',
                      specfile.file_lines(payload.entries["a"]))

    def test_an_edit_changes_the_file(self):
        self.archive.add("a", {"/usr/lib/a.service": "[Install]\nAlias=b.service\n"})
        payload = self.unpack({"a": ["a"]},
                              changes=[("a", "edit", "/usr/lib/a.service", r"|^Alias=b|Wants=c\nAlias=d|")])
        self.assertEqual(payload.path("/usr/lib/a.service").read_text(), "[Install]\nWants=c\nAlias=d.service\n")

    def test_an_edit_that_matches_nothing_is_refused(self):
        self.archive.add("a", {"/usr/lib/a.service": "x"})
        with self.assertRaises(Fault) as caught:
            self.unpack({"a": ["a"]}, changes=[("a", "edit", "/usr/lib/a.service", "|y|z|")])
        self.assertEqual(str(caught.exception), "changes.tsv: nothing in '/usr/lib/a.service' of 'a' matches 'y'")

    def test_an_attr_that_matches_nothing_is_refused(self):
        self.archive.add("a", {"/usr/lib/x": "x"})
        with self.assertRaises(Fault) as caught:
            self.unpack({"a": ["a"]}, changes=[("a", "attr", "nothing", "0755,root,root")])
        self.assertEqual(str(caught.exception), "changes.tsv: no path of 'a' matches 'nothing' (attr)")

    def test_a_path_with_glob_characters_is_taken_literally(self):
        self.assertEqual(specfile.quoted("/usr/bin/["), '"/usr/bin/[[]"')
        self.assertEqual(specfile.quoted("/usr/share/a*b%c"), '"/usr/share/a[*]b%%c"')


if __name__ == "__main__":
    unittest.main()
