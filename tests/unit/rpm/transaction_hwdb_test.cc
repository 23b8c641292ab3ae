#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using test::InstalledRoot;

// What stands for systemd-hwdb knows its switch, as systemd does since 256, and puts the files of
// hwdb.d together. As packages with such files do, these call it in %post.

namespace {

struct HardwareRoot : InstalledRoot {
  HardwareRoot() {
    const std::filesystem::path tool = scratch_.path() / "systemd-hwdb";
    std::ofstream(tool) << "#!/bin/sh\ntest \"$SYSTEMD_HWDB_UPDATE_BYPASS\" != 1 || exit 0\n"
                           "ls /proc/self/fd >> /opened\n"
                           "cat /etc/udev/hwdb.d/*.hwdb > /etc/udev/hwdb.bin\n";
    std::filesystem::permissions(tool, std::filesystem::perms(0755));
    tool_.push_back(mount::Mount::bind(scratch_.path(), {root.path(), "/usr/local/bin"}, {}));
  }

 private:
  test::ScratchFolder scratch_;
  std::vector<mount::Mount> tool_;
};

/// A package with one file of hwdb.d, whose %post compiles the database and writes down whether it
/// is there then.
std::filesystem::path hardware(const InstalledRoot& root, const std::string& name,
                               const std::string& declared) {
  const std::string file = "/etc/udev/hwdb.d/" + name + ".hwdb";
  return root.rpms.build(
      name,
      "Requires(post): /bin/sh\n%description\n%install\nmkdir -p %{buildroot}/etc/udev/hwdb.d\n"
      "printf 'evdev:" +
          name + "*\\n KEY=" + name + "\\n' > %{buildroot}" + file +
          "\ntouch %{buildroot}/etc/udev/hwdb.bin\n%post\nsystemd-hwdb update\n"
          "test -e /etc/udev/hwdb.bin && echo there >> /srv-log || echo not yet >> /srv-log\n"
          "%files\n" +
          file + "\n" + declared);
}

const std::string kGhost = "%ghost /etc/udev/hwdb.bin\n";
const std::string kNone = "%exclude /etc/udev/hwdb.bin\n";

bool knows(const InstalledRoot& root, const std::string& name) {
  return root.read("etc/udev/hwdb.bin").find(name) != std::string::npos;
}

}  // namespace

TEST_CASE("udev's hardware database is compiled once, and of all its files") {
  HardwareRoot root;
  root.install(
      {hardware(root, "first", kGhost), hardware(root, "second", kNone), root.rpms.shell()});
  CHECK(root.read("srv-log") == "not yet\nnot yet\n");
  CHECK(knows(root, "first"));
  CHECK(knows(root, "second"));
  SECTION("of a package that comes later, the one that is installed declares it") {
    root.install({hardware(root, "third", kNone)});
    CHECK(root.read("srv-log") == "not yet\nnot yet\nthere\n");
    CHECK(knows(root, "first"));
    CHECK(knows(root, "third"));
  }
  SECTION("a file that a scriptlet makes after it was begun counts as well") {
    const std::string change =
        "Requires: third\n%description\n%posttrans\nsleep 0.2\n"
        "printf 'evdev:late*\\n KEY=late\\n' > /etc/udev/hwdb.d/late.hwdb\n%files\n";
    root.install({hardware(root, "third", kNone), root.rpms.build("late", change)});
    CHECK(knows(root, "third"));
    CHECK(knows(root, "late"));
    // Nothing of librpm: 3 is the folder that ls reads.
    CHECK(root.read("opened").find('4') == std::string::npos);
  }
  SECTION("where no file of it came, it stays as it is") {
    std::ofstream(root.root.path() / "etc/udev/hwdb.bin") << "mine";
    root.install({root.rpms.build("plain", "%description\n%files\n")});
    CHECK(root.read("etc/udev/hwdb.bin") == "mine");
  }
}

TEST_CASE("a hardware database that no package declares is left to the scriptlets") {
  HardwareRoot root;
  root.install({hardware(root, "first", kNone), root.rpms.shell()});
  CHECK(root.read("srv-log") == "there\n");
}

TEST_CASE("a hardware database that cannot be compiled fails the installation") {
  HardwareRoot root;
  const auto blocker = root.rpms.build(
      "blocker",
      "Requires: first\n%description\n%posttrans\nsleep 0.2\nrm -f /etc/udev/hwdb.bin\n"
      "mkdir /etc/udev/hwdb.bin\ntouch /etc/udev/hwdb.d/late.hwdb\n%files\n");
  CHECK_THAT(root.refusal({hardware(root, "first", kGhost), blocker, root.rpms.shell()}).to_text(),
             Catch::Matchers::Contains(
                 "scriptlet systemd-hwdb update of package 'first-1-1.noarch' failed"));
}
