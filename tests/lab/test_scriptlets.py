"""Scriptlets that follow from files, and how parts are joined to them."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts/lab"))

import scriptlets  # noqa: E402
from entry import Entry  # noqa: E402
from faults import Fault  # noqa: E402


class Sysusers(unittest.TestCase):
    def test_a_user_gets_a_group_of_its_name_unless_they_exist(self):
        self.assertEqual(scriptlets.sysusers_commands('u sshd 74 "SSH daemon" /run/sshd'), [
            "getent group sshd >/dev/null || groupadd -r -g 74 sshd",
            "getent passwd sshd >/dev/null || useradd -r -u 74 -g sshd -d /run/sshd -s /usr/sbin/nologin "
            "-c 'SSH daemon' -M sshd"])

    def test_a_named_group_is_used_and_not_made(self):
        self.assertEqual(scriptlets.sysusers_commands("u statd -:nogroup statd /var/lib/nfs"), [
            "getent passwd statd >/dev/null || useradd -r -g nogroup -d /var/lib/nfs -s /usr/sbin/nologin "
            "-c statd -M statd"])

    def test_a_quote_in_the_comment_does_not_end_the_shells_word(self):
        self.assertIn("""-c 'chrony'"'"'s daemon'""",
                      scriptlets.sysusers_commands('u _chrony - "chrony\'s daemon" /')[1])

    def test_comments_are_skipped(self):
        self.assertEqual(scriptlets.sysusers_commands("# a comment\n\n"), [])

    def test_an_unknown_kind_is_refused(self):
        with self.assertRaises(Fault) as caught:
            scriptlets.sysusers_commands("x name")
        self.assertEqual(str(caught.exception), "cannot make a scriptlet of the sysusers.d line 'x name'")


class Units(unittest.TestCase):
    def generated(self, path, text):
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            (root / path[1:]).parent.mkdir(parents=True)
            (root / path[1:]).write_text(text)
            return scriptlets.generated({path: Entry("file", 0o644)}, root)

    def test_a_unit_that_can_be_enabled_has_its_preset_applied(self):
        tags, sections = self.generated("/usr/lib/systemd/system/a.service", "[Install]\nWantedBy=b\n")
        self.assertIn("OrderWithRequires(post): systemd", tags)
        self.assertIn("install-system-units a.service", sections["post"])
        self.assertIn("remove-system-units a.service", sections["preun"])

    def test_a_static_unit_needs_no_scriptlet(self):
        self.assertEqual(self.generated("/usr/lib/systemd/system/a.service", "[Service]\n"), ([], {}))


class Joining(unittest.TestCase):
    def test_a_written_scriptlet_follows_the_generated_one(self):
        text = scriptlets.merged("a", {"post": "generated"}, "%post\nwritten\n%posttrans -p <lua>\nx = 1\n")
        self.assertEqual(text, "%post -n a\ngenerated\nwritten\n\n%posttrans -n a -p <lua>\nx = 1\n")

    def test_lua_cannot_follow_generated_shell(self):
        with self.assertRaises(Fault) as caught:
            scriptlets.merged("a", {"post": "generated"}, "%post -p <lua>\nx = 1\n")
        self.assertEqual(str(caught.exception), "parts/a.spec: '%post -p <lua>' meets a generated shell scriptlet")

    def test_a_trigger_keeps_its_paths(self):
        text = scriptlets.merged("glibc", {}, "%transfiletriggerin -P 2000000 -- /usr/lib\nldconfig\n")
        self.assertEqual(text, "%transfiletriggerin -n glibc -P 2000000 -- /usr/lib\nldconfig\n")


if __name__ == "__main__":
    unittest.main()
