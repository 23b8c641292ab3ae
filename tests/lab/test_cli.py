"""What make-lab-repo says, and its exit codes, before it needs Debian's archive."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
TOOL = CHECKOUT / "scripts/make-lab-repo"


class Cli(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def run_tool(self, *arguments, **environment):
        return subprocess.run([TOOL, *arguments], capture_output=True, text=True, cwd=self.folder,
                              env={**os.environ, "IMAGE_COMPOSER_CACHE": str(self.folder / "cache"), **environment})

    def test_help_shows_a_blueprint_and_the_exit_codes(self):
        done = self.run_tool("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("baseurl: ../../lab", done.stdout)
        self.assertIn("exit codes:", done.stdout)

    def test_an_unknown_option_is_wrong_use(self):
        self.assertEqual(self.run_tool("--nonsense").returncode, 2)

    def test_a_missing_blueprint_is_named(self):
        done = self.run_tool("--for", "none.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "make-lab-repo: error: cannot read blueprint 'none.yaml': "
                         "No such file or directory\n  hint: give the path of a blueprint\n")

    def test_a_blueprint_that_is_a_list_is_refused(self):
        (self.folder / "a.yaml").write_text("- x\n")
        done = self.run_tool("--for", "a.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a.yaml: not a blueprint: its top is no mapping", done.stderr)

    def test_an_unknown_group_is_refused(self):
        done = self.run_tool("--packages", "@nothing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no group '@nothing' in the lab\n  hint: known groups: azure-guest, container-management, core",
                      done.stderr)

    def test_a_missing_tool_names_its_debian_package(self):
        tools = self.folder / "bin"
        tools.mkdir()
        done = self.run_tool("--packages", "bash", PATH=str(tools))
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr, "make-lab-repo: error: cannot find 'rpmbuild', needed to make RPMs\n"
                         "  hint: apt install rpm\n")


if __name__ == "__main__":
    unittest.main()
