"""The tables, parts and files are consistent with each other (no archive needed)."""

import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent.parent / "scripts/lab"
sys.path.insert(0, str(LAB))

import blueprints  # noqa: E402
from mapping import rows_of  # noqa: E402

HOW = {"same", "renamed", "merged", "split", "config", "absent", "virtual"}
ACTIONS = {"drop", "move", "link", "copy", "dir", "attr", "config", "ghost", "edit"}


class Tables(unittest.TestCase):
    def setUp(self):
        self.packages = {row["rpm"]: row for row in rows_of(LAB / "packages.tsv")}
        self.splits = rows_of(LAB / "split-paths.tsv")

    def test_every_package_is_listed_once_and_says_how(self):
        rows = rows_of(LAB / "packages.tsv")
        self.assertEqual(len(rows), len(self.packages))
        for row in rows:
            self.assertIn(row["how"], HOW, row)

    def test_rows_are_in_alphabetical_order(self):
        names = [row["rpm"] for row in rows_of(LAB / "packages.tsv")]
        self.assertEqual(names, sorted(names, key=str.lower))

    def test_a_debian_package_in_two_rows_is_split_between_them(self):
        owners = {}
        for name, row in self.packages.items():
            for deb in row["debian"].split():
                if deb != "-":
                    owners.setdefault(deb, set()).add(name)
        for deb, names in owners.items():
            split = {row["rpm"] for row in self.splits if row["debian"] == deb and row["rpm"] != "-"}
            if len(names) > 1 or split:
                self.assertEqual(names, split, deb)

    def test_every_split_package_has_one_rest_and_patterns_that_compile(self):
        rest = [row["debian"] for row in self.splits if row["path"] == "*rest*"]
        self.assertEqual(sorted(rest), sorted({row["debian"] for row in self.splits}))
        for row in self.splits:
            if row["path"] != "*rest*":
                re.compile(row["path"])
                self.assertFalse(row["path"].startswith("/"), f"paths have no leading slash: {row}")

    def test_a_written_package_has_a_part_with_a_summary(self):
        for name, row in self.packages.items():
            if row["how"] == "config":
                self.assertRegex((LAB / f"parts/{name}.spec").read_text(), r"(?m)^Summary: ", name)

    def test_a_virtual_name_is_provided_by_a_part(self):
        provided = {line.split()[1] for part in (LAB / "parts").iterdir()
                    for line in part.read_text().splitlines() if line.startswith("Provides:")}
        for name, row in self.packages.items():
            if row["how"] == "virtual":
                self.assertIn(name, provided)

    def test_parts_and_files_belong_to_known_packages(self):
        known = {name for name, row in self.packages.items() if row["how"] not in ("absent", "virtual")}
        for part in (LAB / "parts").iterdir():
            self.assertIn(part.stem, known)
        for folder in (LAB / "files").iterdir():
            self.assertIn(folder.name, known)

    def test_changes_name_known_actions_and_packages_and_compile(self):
        for row in rows_of(LAB / "changes.tsv"):
            self.assertIn(row["action"], ACTIONS, row)
            self.assertTrue(row["rpm"] == "*" or row["rpm"] in self.packages, row)
            if row["action"] in ("drop", "attr", "config"):
                re.compile(row["path"])
            else:
                self.assertTrue(row["path"].startswith("/"), row)

    def test_every_dropped_dependency_says_why(self):
        for row in rows_of(LAB / "dependencies.tsv"):
            self.assertTrue(row["why"] or row["becomes"], row)

    def test_groups_name_known_packages(self):
        for found in ElementTree.parse(LAB / "comps.xml").iter("group"):
            for name in blueprints.group(found.findtext("id")):
                self.assertIn(self.packages[name]["how"], HOW - {"absent", "virtual"})


class Accounts(unittest.TestCase):
    def table(self, name):
        return [line.split(":") for line in (LAB / "files/setup/etc" / name).read_text().splitlines()]

    def test_every_account_has_a_shadow_entry_and_no_password(self):
        shadow = {row[0]: row[1] for row in self.table("shadow")}
        self.assertEqual([row[0] for row in self.table("passwd")], list(shadow))
        self.assertTrue(all(word in ("!", "*") for word in shadow.values()))
        self.assertEqual(shadow["root"], "!")

    def test_every_group_has_a_gshadow_entry(self):
        self.assertEqual([row[0] for row in self.table("group")], [row[0] for row in self.table("gshadow")])

    def test_numbers_are_unique(self):
        for name in ("passwd", "group"):
            numbers = [row[2] for row in self.table(name)]
            self.assertEqual(len(numbers), len(set(numbers)), name)


if __name__ == "__main__":
    unittest.main()
