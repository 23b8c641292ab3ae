#include "composer/reuse.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sys/stat.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/installed_disks.h"
#include "composer/progress.h"
#include "composer/reuse_keys.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/plan/example_plan.h"

using namespace composer;
namespace fs = std::filesystem;

namespace {

Plan plan() {
  Plan made = test::example_plan();
  made.base.reset();
  made.scripts.clear();
  made.outputs.resize(1);
  made.outputs[0].format = OutputFormat::raw;
  made.outputs[0].filename = "vm.raw";
  return made;
}

/// Each change of a plan must be a miss of what is kept by all of it.
const std::vector<std::pair<const char*, std::function<void(Plan&)>>> kChanges = {
    {"tool_version", [](Plan& p) { p.tool_version = "9"; }},
    {"name", [](Plan& p) { p.name = "other"; }},
    {"version", [](Plan& p) { p.version = "9"; }},
    {"arch", [](Plan& p) { p.arch = Architecture::aarch64; }},
    {"identity_seed", [](Plan& p) { p.identity_seed = "x"; }},
    {"source_date_epoch", [](Plan& p) { ++p.source_date_epoch; }},
    {"repositories", [](Plan& p) { p.repositories[0].in_image = !p.repositories[0].in_image; }},
    {"disk", [](Plan& p) { p.disk.size = p.disk.size + MiB(1); }},
    {"boot", [](Plan& p) { p.boot.kernel_command_line += " quiet"; }},
    {"installation", [](Plan& p) { p.installation.documentation = !p.installation.documentation; }},
    {"system", [](Plan& p) { p.system.files.at(0).content += "x"; }},
    {"scripts", [](Plan& p) { p.scripts.emplace_back().name = "x"; }},
    {"outputs", [](Plan& p) { p.outputs[0].sector_size = SectorSize::native_4096; }},
    {"boot_test", [](Plan& p) { p.boot_test.target = "other.target"; }},
    {"test_scripts",
     [](Plan& p) {
       p.test_scripts.push_back({"x", "y"});
     }},
    {"lint", [](Plan& p) { p.lint.profiles = {LintProfile::container}; }},
    {"packages", [](Plan& p) { p.packages[0].checksum[0] = '0'; }},
};

/// A cache, an output folder, and what a build of a plan would have put there.
struct Site {
  test::ScratchFolder scratch;
  fs::path cache = scratch.path() / "cache", out = scratch.path() / "out";
  SilentProgress progress;

  Site() { fs::create_directories(out); }

  BuildReport build(const Plan& of) {
    write_file_atomically(out / "vm.raw", "disk");
    write_file_atomically(out / "plan.lock", "plan");
    write_file_atomically(out / "manifest.json", "manifest");
    write_file_atomically(out / "SHA256SUMS", "sums");
    BuildReport report;
    report.plan = of;
    report.lint = "lint: fine\n";
    report.images = {{of.outputs[0], out / "vm.raw", {4}, of.disk.size, sha256_hex("disk")}};
    report.files = {out / "plan.lock", out / "manifest.json", out / "SHA256SUMS"};
    OutputStore(of, cache, {}).keep(report, progress);
    return report;
  }
  std::optional<BuildReport> reuse(const Plan& of, const fs::path& where,
                                   ReuseOptions options = {}) {
    return OutputStore(of, cache, options).reuse(where, progress);
  }
};

}  // namespace

TEST_CASE("the outputs of the same plan are there, or are brought there") {
  Site site;
  CHECK_FALSE(site.reuse(plan(), site.out));
  const BuildReport built = site.build(plan());
  for (const fs::path& where : {site.out, site.scratch.path() / "another/folder"}) {
    const auto reused = site.reuse(plan(), where);
    REQUIRE(reused);
    REQUIRE(reused->images.size() == 1);
    CHECK(reused->images[0].path == where / "vm.raw");
    CHECK(reused->images[0].sha256 == built.images[0].sha256);
    CHECK(reused->images[0].file_size == Bytes{4});
    CHECK(reused->images[0].virtual_size == plan().disk.size);
    CHECK(reused->lint == built.lint);
    CHECK(reused->files.size() == 3);
    CHECK(read_file(where / "vm.raw") == "disk");
    CHECK(read_file(where / "SHA256SUMS") == "sums");
  }
  // A copy is its owner's: what becomes of it is nothing to the cache.
  std::ofstream(site.scratch.path() / "another/folder/vm.raw", std::ios::app) << "x";
  CHECK(site.reuse(plan(), site.out));
}

TEST_CASE("a copy that was brought is found in its place, until something is done to it") {
  Site site;
  site.build(plan());
  const fs::path copy = site.scratch.path() / "another/vm.raw";
  struct stat first {
  }, second{};
  REQUIRE(site.reuse(plan(), copy.parent_path()));
  REQUIRE(::stat(copy.c_str(), &first) == 0);
  REQUIRE(site.reuse(plan(), copy.parent_path()));
  REQUIRE(::stat(copy.c_str(), &second) == 0);
  CHECK(first.st_ctim.tv_nsec == second.st_ctim.tv_nsec);
  // Of the same size, and with the time that it had.
  std::ofstream(copy, std::ios::in) << "DISK";
  const timespec times[2] = {first.st_mtim, first.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, copy.c_str(), times, 0) == 0);
  REQUIRE(site.reuse(plan(), copy.parent_path()));
  CHECK(read_file(copy) == "disk");
}

TEST_CASE("a list of copies that is damaged makes no output that is missing be there") {
  for (const char* text : {"[null]", "{}", "no JSON", ""}) {
    Site site;
    site.build(plan());
    fs::remove(site.out / "vm.raw");
    for (const auto& entry : fs::recursive_directory_iterator(site.scratch.path())) {
      if (entry.path().filename() != "entry.json") continue;
      std::ofstream(entry.path().parent_path() / "copies.json") << text;
    }
    REQUIRE(site.reuse(plan(), site.out));
    CHECK(read_file(site.out / "vm.raw") == "disk");
  }
}

TEST_CASE("outputs that were removed or replaced are brought back") {
  Site site;
  site.build(plan());
  fs::remove(site.out / "vm.raw");
  write_file_atomically(site.out / "manifest.json", "another");
  REQUIRE(site.reuse(plan(), site.out));
  CHECK(read_file(site.out / "vm.raw") == "disk");
  CHECK(read_file(site.out / "manifest.json") == "manifest");
}

TEST_CASE("an output that was changed in place is not reused") {
  Site site;
  site.build(plan());
  std::ofstream(site.out / "vm.raw", std::ios::app) << "x";
  CHECK_FALSE(site.reuse(plan(), site.out));
}

TEST_CASE("every part of the plan is in the key of its outputs") {
  Site site;
  site.build(plan());
  for (const auto& [what, change] : kChanges) {
    CAPTURE(what);
    Plan changed = plan();
    change(changed);
    CHECK_FALSE(site.reuse(changed, site.out));
    CHECK(site.reuse(plan(), site.out));
  }
}

TEST_CASE("who signed a package that is the same changes nothing") {
  Site site;
  site.build(plan());
  Plan locked = plan();
  locked.packages[0].signing_key = "ABCD";
  CHECK(site.reuse(locked, site.out));
}

TEST_CASE("a fresh build reuses nothing and keeps nothing") {
  Site site;
  const BuildReport report = site.build(plan());
  CHECK_FALSE(site.reuse(plan(), site.out, {.fresh = true}));
  Plan other = plan();
  other.name = "other";
  OutputStore(other, site.cache, {.fresh = true}).keep(report, site.progress);
  CHECK_FALSE(site.reuse(other, site.out));
  CHECK_FALSE(initramfs_store(plan(), site.cache, {.fresh = true}));
}

TEST_CASE("what a script with a network made is not kept") {
  Site site;
  Plan networked = plan();
  networked.scripts.emplace_back().network = true;
  site.build(networked);
  CHECK_FALSE(site.reuse(networked, site.out));
  CHECK_FALSE(initramfs_store(networked, site.cache, {}));
}

TEST_CASE("an installed disk is kept by what was installed, how, and the layout") {
  const auto key = [](const std::function<void(Plan&)>& change) {
    Plan changed = plan();
    change(changed);
    return installed_disk_key(changed).hex();
  };
  const std::string before = key([](Plan&) {});
  for (const char* what : {"packages", "disk", "source_date_epoch", "arch", "installation"}) {
    CAPTURE(what);
    for (const auto& [name, change] : kChanges) {
      if (std::string(name) == what) CHECK(key(change) != before);
    }
  }
  CHECK(key([](Plan& p) { p.installation.locales = std::vector<std::string>{"de"}; }) != before);
  CHECK(key([](Plan& p) { std::swap(p.packages[0].name, p.packages[0].version); }) != before);
  for (const char* what : {"name", "version", "boot", "system", "scripts", "outputs", "lint"}) {
    CAPTURE(what);
    for (const auto& [name, change] : kChanges) {
      if (std::string(name) == what) CHECK(key(change) == before);
    }
  }
  CHECK(key([](Plan& p) { p.packages[0].signing_key = "ABCD"; }) == before);
}

namespace {

/// What a build begins with, written to `to`.
Installed take(const InstalledDisks& disks, const fs::path& to) {
  const InstalledDisk disk = disks.find();
  if (disk.installed != Installed::nothing) {
    disks.copy(disk, open_file(to, O_RDWR | O_CREAT | O_TRUNC, 0600).get(), to);
  }
  return disk.installed;
}

}  // namespace

TEST_CASE("an installed disk is taken as it was kept, and none of another plan") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const fs::path disk = scratch.path() / "disk.raw", taken = scratch.path() / "taken.raw";
  write_file_atomically(disk, std::string(200000, 'd'));
  const fs::path cache = scratch.path() / "cache";
  {
    InstalledDisks installed(plan(), cache, {}, progress);
    CHECK(installed.is_on());
    CHECK(take(installed, taken) == Installed::nothing);
    installed.keep(disk, Installed::everything);
    // It is a copy: what the build does next is nothing to it.
    write_file_atomically(disk, "configured");
  }
  CHECK(take(InstalledDisks(plan(), cache, {}, progress), taken) == Installed::everything);
  CHECK(read_file(taken) == std::string(200000, 'd'));
  Plan other = plan();
  other.packages[0].checksum[0] = '0';
  CHECK(take(InstalledDisks(other, cache, {}, progress), taken) == Installed::nothing);
  CHECK(take(InstalledDisks(plan(), cache, {.fresh = true}, progress), taken) ==
        Installed::nothing);
  CHECK_FALSE(InstalledDisks(plan(), cache, {.fresh = true}, progress).is_on());
  other = plan();
  other.disk.partitions.clear();
  CHECK_FALSE(InstalledDisks(other, cache, {}, progress).is_on());
}

TEST_CASE("what is on top is installed onto the disk of what is below it") {
  const test::ScratchFolder scratch;
  SilentProgress progress;
  const fs::path disk = scratch.path() / "disk.raw", taken = scratch.path() / "taken.raw";
  const fs::path cache = scratch.path() / "cache";
  Plan plan_with_top = plan();
  plan_with_top.packages.emplace_back(plan_with_top.packages[0]).name = "top";
  plan_with_top.packages.back().on_top = true;
  {
    InstalledDisks installed(plan_with_top, cache, {}, progress);
    write_file_atomically(disk, std::string(100000, 'b'));
    installed.keep(disk, Installed::without_top);
    write_file_atomically(disk, std::string(100000, 't'));
    installed.keep(disk, Installed::everything);
  }
  CHECK(take(InstalledDisks(plan_with_top, cache, {}, progress), taken) == Installed::everything);
  CHECK(read_file(taken) == std::string(100000, 't'));
  // Another one on top; nothing on top; and who asked for a package is no matter.
  Plan other = plan_with_top;
  other.packages.back().version = "9";
  other.packages[0].reason = PackageReason::asked;
  CHECK(take(InstalledDisks(other, cache, {}, progress), taken) == Installed::without_top);
  CHECK(read_file(taken) == std::string(100000, 'b'));
  CHECK(take(InstalledDisks(plan(), cache, {}, progress), taken) == Installed::everything);
  CHECK(read_file(taken) == std::string(100000, 'b'));
  other.packages[0].version = "9";
  CHECK(take(InstalledDisks(other, cache, {}, progress), taken) == Installed::nothing);
}

TEST_CASE("a plan is installed by one transaction, or by two where something is on top") {
  Plan some = plan();
  const std::vector<fs::path> files(some.packages.size(), "below.rpm");
  REQUIRE(layers_of(some, files).size() == 1);
  CHECK(layers_of(some, files)[0].packages == files);
  CHECK(layers_of(some, files)[0].installed == Installed::everything);
  some.packages.emplace_back().on_top = true;
  std::vector<fs::path> more = files;
  more.emplace_back("top.rpm");
  REQUIRE(layers_of(some, more).size() == 2);
  CHECK(layers_of(some, more)[0].packages == files);
  CHECK(layers_of(some, more)[0].installed == Installed::without_top);
  CHECK(layers_of(some, more)[1].packages == std::vector<fs::path>{"top.rpm"});
  CHECK(layers_of(some, more)[1].installed == Installed::everything);

  CHECK(with_packages_after(some, Installed::nothing).packages.size() == more.size());
  REQUIRE(with_packages_after(some, Installed::without_top).packages.size() == 1);
  CHECK(with_packages_after(some, Installed::without_top).packages[0].on_top);
  CHECK(with_packages_after(some, Installed::everything).packages.empty());
  CHECK(layers_of(with_packages_after(some, Installed::everything), {}).empty());
}

TEST_CASE("an initramfs is kept by packages, times, the tool and files that could be in it") {
  const auto key = [](const std::function<void(Plan&)>& change) {
    Plan changed = plan();
    change(changed);
    return initramfs_store(changed, "/nowhere", {}).value().key.hex();
  };
  const std::string before = key([](Plan&) {});
  CHECK(key([](Plan& p) { p.packages[0].checksum[0] = '0'; }) != before);
  CHECK(key([](Plan& p) { p.installation.documentation = !p.installation.documentation; }) !=
        before);
  CHECK(key([](Plan& p) { ++p.source_date_epoch; }) != before);
  CHECK(key([](Plan& p) { p.scripts.emplace_back().content = "x"; }) != before);
  CHECK(key([](Plan& p) {
          auto file = p.system.files.at(0);
          file.path = "/usr/lib/udev/rules.d/1.rules";
          p.system.files.push_back(file);
        }) != before);
  // /etc is looked at in the root; these are never in an initramfs.
  CHECK(key([](Plan& p) {
          auto file = p.system.files.at(0);
          file.path = "/etc/motd";
          p.system.files.push_back(file);
          file.path = "/opt/program";
          p.system.files.push_back(file);
        }) == before);
  CHECK(key([](Plan& p) { p.system.hostname = "other"; }) == before);
  CHECK(key([](Plan& p) { p.disk.size = p.disk.size + MiB(1); }) == before);
  // A script may read anything.
  const auto with_script = [&](const std::function<void(Plan&)>& change) {
    return key([&](Plan& p) {
      p.scripts.emplace_back().content = "x";
      change(p);
    });
  };
  const std::string scripted = with_script([](Plan&) {});
  CHECK(with_script([](Plan& p) { p.system.hostname = "other"; }) != scripted);
  CHECK(with_script([](Plan& p) { p.disk.size = p.disk.size + MiB(1); }) != scripted);
  CHECK(with_script([](Plan& p) { p.boot.kernel_command_line += " x"; }) != scripted);
}

TEST_CASE("of an initramfs of systemd the plan says nothing that the root does not show") {
  const auto key = [](const std::function<void(Plan&)>& change) {
    Plan changed = plan();
    changed.boot.initramfs = InitramfsMaker::systemd;
    change(changed);
    return initramfs_store(changed, "/nowhere", {}).value().key.hex();
  };
  const std::string before = key([](Plan&) {});
  CHECK(key([](Plan& p) { p.packages[0].checksum[0] = '0'; }) == before);
  CHECK(key([](Plan& p) {
          p.scripts.emplace_back().content = "x";
          p.scripts.back().network = true;
        }) == before);
  CHECK(key([](Plan& p) { p.boot.initramfs = InitramfsMaker::dracut; }) != before);
}

TEST_CASE("a cache that cannot be written to ends no build that is done") {
  Site site;
  write_file_atomically(site.cache, "a file in the way");
  CHECK_NOTHROW(site.build(plan()));
  CHECK(read_file(site.out / "vm.raw") == "disk");
}
