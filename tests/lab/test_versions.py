"""Versions and relations: Debian's order, and what becomes of it in RPM."""

import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts/lab"))

import relations  # noqa: E402
from versions import compare, sign  # noqa: E402

SAMPLES = ["1.0", "1.0-1", "1.0-1+b1", "1.0~rc1-1", "1.0~~", "1.0a", "1.0+dfsg-2", "1:0.9", "0:1.0", "2.41-12+deb13u4",
           "2.41-12", "257.13-1~deb13u1", "1.2.3", "1.10", "10", "9", "1.0.", "1.0a~", "1.0-1.1", "2024a"]


class Order(unittest.TestCase):
    def test_every_pair_of_samples_compares_as_dpkg_says(self):
        for a in SAMPLES:
            for b in SAMPLES:
                for operator in ("<<", "=", ">>"):
                    asked = subprocess.run(["dpkg", "--compare-versions", a, operator, b],
                                           stderr=subprocess.DEVNULL).returncode == 0
                    self.assertEqual(compare(a, operator, b), asked, f"{a} {operator} {b}")

    def test_an_older_version_has_a_negative_sign(self):
        self.assertLess(sign("1.0~rc1", "1.0"), 0)


class Conversion(unittest.TestCase):
    def test_epoch_version_and_revision_become_epoch_version_and_release(self):
        self.assertEqual(str(relations.rpm_version("1:2.41-12+deb13u4")), "1:2.41-12+deb13u4.lab4")

    def test_an_epoch_of_zero_is_none(self):
        self.assertEqual(str(relations.rpm_version("0:1.0-1")), "1.0-1.lab4")

    def test_a_native_package_gets_release_1(self):
        self.assertEqual(str(relations.rpm_version("46")), "46-1.lab4")

    def test_a_hyphen_within_the_upstream_version_becomes_a_dot(self):
        self.assertEqual(str(relations.rpm_version("1.0-rc1-2")), "1.0.rc1-2.lab4")

    def term(self, text):
        term = relations.parse_relations(text)[0][0]
        return str(relations.rpm_term(term.name, term))

    def test_an_exact_bound_names_our_release(self):
        self.assertEqual(self.term("a (= 1.0-2)"), "a = 1.0-2.lab4")

    def test_a_lower_bound_admits_a_rebuild_by_debian(self):
        # RPM sorts '2+b1.lab4' below '2.lab4', so the bound must not end in our suffix.
        self.assertEqual(self.term("a (>= 1.0-2)"), "a >= 1.0-2")

    def test_later_than_a_version_without_revision_is_at_least_it(self):
        self.assertEqual(self.term("a (>> 1.0)"), "a >= 1.0")

    def test_architecture_qualifiers_are_left_out(self):
        self.assertEqual(self.term("python3:any"), "python3")

    def test_alternatives_become_a_rich_dependency(self):
        terms = relations.parse_relations("a (>= 1) | b")[0]
        self.assertEqual(relations.rpm_relation([relations.rpm_term(t.name, t) for t in terms]), "(a >= 1 or b)")

    def test_a_relation_that_cannot_be_read_is_refused(self):
        with self.assertRaisesRegex(ValueError, "cannot read the relation 'a \\(1\\)'"):
            relations.parse_relations("a (1)")


if __name__ == "__main__":
    unittest.main()
