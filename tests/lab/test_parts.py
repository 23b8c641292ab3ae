"""What make-lab-repo takes for the packages of a blueprint that is made of several files."""

import sys
import tempfile
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(CHECKOUT / "scripts/lab"))

import parts  # noqa: E402
from faults import WrongUse  # noqa: E402


class InstallList(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def install_list(self, **files):
        for name, text in files.items():
            (self.folder / f"{name}.yaml").write_text(text)
        return parts.install_list(self.folder / "vm.yaml")

    def test_it_follows_files_sections_tags_and_variables(self):
        self.assertEqual(parts.install_list(CHECKOUT / "tests/golden/blueprint/composed.yaml"),
                         ["bash", "kernel", "openssh-server", "dracut-fips", "nano"])

    def test_variables_of_the_child_win(self):
        found = self.install_list(vm="extends: base.yaml\nvariables: {k: !replace azure}\n",
                                  base="variables: {k: std}\npackages: {install: ['kernel-${{k}}']}\n")
        self.assertEqual(found, ["kernel-azure"])

    def test_a_list_or_a_section_is_replaced_and_the_section_of_another_architecture_is_left_out(self):
        found = self.install_list(vm="extends: base.yaml\npackages: !replace {install: [c]}\n"
                                     "per_arch: {arm: {packages: {install: [d]}}}\n",
                                  base="arch: x86_64\npackages: {install: [a, b]}\n")
        self.assertEqual(found, ["c"])
        found = self.install_list(vm="extends: base.yaml\npackages: {install: !replace [c]}\n")
        self.assertEqual(found, ["c"])

    def test_files_that_include_each_other_end(self):
        found = self.install_list(vm="include: [a.yaml]\npackages: {install: [x]}\n",
                                  a="include: [vm.yaml]\npackages: {install: [y]}\n")
        self.assertEqual(found, ["y", "x"])

    def test_a_missing_part_is_named(self):
        with self.assertRaises(WrongUse) as caught:
            self.install_list(vm="include: [none.yaml]\n")
        self.assertIn("none.yaml': No such file or directory", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
