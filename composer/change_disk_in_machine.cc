#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/change_disk.h"
#include "composer/error.h"
#include "composer/guest/machine_run.h"
#include "composer/mount/namespaces.h"
#include "composer/plan/plan_json.h"

// The machine's own system is libguestfs's, whatever that is on this host. So the program that runs
// in it brings what it needs: itself, the tools of the plan's filesystems, and their libraries, on
// a disk that is the root of that program.

namespace composer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kProgram = "/image-composer", kPlan = "plan.json";
constexpr std::string_view kFolder = "/changes";
constexpr std::string_view kPackages = "packages";
/// Beside what is handed in: the ESP's files, what tools put into /tmp.
constexpr Bytes kRoom = MiB(1024);
/// Tools run these without saying so: xfs_admin is a script around xfs_db.
constexpr std::string_view kIndirect[] = {"sh", "xfs_db", "xfs_io"};

/// A tree of files that becomes the machine's second disk.
class Luggage {
 public:
  Luggage(fs::path folder, const host::CommandRunner& runner)
      : folder_(std::move(folder)), runner_(runner) {
    for (const char* name : {"dev", "proc", "sys", "tmp", "var/tmp", "run", "etc", "work"}) {
      fs::create_directories(folder_ / name);
    }
    write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    write("etc/group", "root:x:0:\n");
  }

  void write(const fs::path& name, std::string_view content) {
    fs::create_directories((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, content);
    size_ += Bytes{content.size()};
  }

  void add(const fs::path& file, const fs::path& name) {
    const fs::path target = folder_ / name.relative_path();
    if (!added_.insert(target).second) return;
    fs::create_directories(target.parent_path());
    std::error_code error;
    fs::create_hard_link(fs::canonical(file), target, error);
    if (error) fs::copy_file(file, target);
    size_ += Bytes{fs::file_size(target)};
  }

  /// A program at its own place, with the libraries that the loader finds for it.
  void add_program(const fs::path& program, const fs::path& name) {
    add(program, name);
    const host::CommandOutput listed = runner_.run({{"ldd", program.string()}, {}, {}});
    if (listed.status != 0) return;  // A script.
    // `NAME => PATH (0x…)`, or `PATH (0x…)` for the loader itself.
    std::istringstream lines(listed.standard_output);
    for (std::string line; std::getline(lines, line);) {
      const auto slash = line.find('/');
      if (slash == std::string::npos) continue;
      const std::string path = line.substr(slash, line.find(" (", slash) - slash);
      if (!fs::exists(path)) continue;
      add(path, path);
      add_character_sets(fs::canonical(path).parent_path() / "gconv");
    }
  }

  Bytes size() const { return size_; }
  const fs::path& folder() const { return folder_; }

 private:
  /// What glibc loads to convert names; mtools does.
  void add_character_sets(const fs::path& gconv) {
    if (!fs::is_directory(gconv) || !added_.insert(gconv).second) return;
    for (const auto& entry : fs::recursive_directory_iterator(gconv)) {
      if (entry.is_regular_file()) add(entry.path(), entry.path());
    }
  }

  fs::path folder_;
  const host::CommandRunner& runner_;
  std::set<fs::path> added_;
  Bytes size_;
};

json to_json(const image::SystemFacts& facts) {
  json kernels = json::array(), entries = json::array();
  for (const auto& kernel : facts.kernels) kernels.push_back({kernel.version, kernel.path});
  for (const auto& entry : facts.entries) {
    entries.push_back({entry.kind == image::SystemFacts::BootEntry::Kind::unified_kernel,
                       entry.path, entry.command_line, entry.kernel});
  }
  return {{"os_release", facts.os_release}, {"kernels", kernels}, {"entries", entries}};
}

image::SystemFacts read_facts(const std::string& text) {
  try {
    const json facts = json::parse(text);
    image::SystemFacts read;
    facts.at("os_release").get_to(read.os_release);
    for (const json& kernel : facts.at("kernels")) {
      read.kernels.push_back({kernel.at(0).get<std::string>(), kernel.at(1).get<std::string>()});
    }
    using Kind = image::SystemFacts::BootEntry::Kind;
    for (const json& entry : facts.at("entries")) {
      read.entries.push_back({entry.at(0).get<bool>() ? Kind::unified_kernel : Kind::config,
                              entry.at(1).get<std::string>(), entry.at(2).get<std::string>(),
                              entry.at(3).get<std::string>()});
    }
    return read;
  } catch (const json::exception& error) {
    throw Error(
        ErrorKind::build,
        fmt::format("the machine that changed the disk did not say what it did: {}", error.what()));
  }
}

fs::path pack(const Plan& plan, const fs::path& work, const std::vector<fs::path>& packages,
              const host::CommandRunner& runner) {
  Luggage luggage(work / "luggage", runner);
  const fs::path changes = fs::path(kFolder).relative_path();
  luggage.add_program(fs::read_symlink("/proc/self/exe"), kProgram);
  for (const host::Tool& tool : disk::required_tools(plan.disk)) {
    const std::string path = host::find_program(tool.program);
    if (!path.empty()) luggage.add_program(path, path);
  }
  for (const std::string_view name : kIndirect) {
    const std::string path = host::find_program(name);
    if (!path.empty()) luggage.add_program(path, path);
  }
  luggage.write(changes / kPlan, to_json(plan));
  fs::create_directories(luggage.folder() / changes / kPackages);
  for (std::size_t i = 0; i < packages.size(); ++i) {
    luggage.add(packages[i], fs::path(kFolder) / kPackages / fmt::format("{:06}.rpm", i));
  }
  fs::path disk = work / "luggage.img";
  const Bytes size = round_up(luggage.size() + luggage.size() + kRoom, MiB(1));
  runner.check({{"mke2fs", "-q", "-F", "-t", "ext4", "-d", luggage.folder().string(), disk.string(),
                 fmt::format("{}M", size.count >> 20)},
                {},
                {}});
  fs::remove_all(luggage.folder());
  return disk;
}

}  // namespace

ChangedDisk change_disk_in_machine(const Plan& plan, const disk::ExistingDisk& existing,
                                   const fs::path& work, const std::vector<fs::path>& packages,
                                   Progress& progress) {
  const host::CommandRunner runner(progress);
  return with_context("while changing the disk in a machine of libguestfs", [&]() -> ChangedDisk {
    const fs::path luggage = pack(plan, work, packages, runner);
    progress.begin(Stage::machine, {});
    if (plan.disk.size > existing.size) fs::resize_file(existing.file, plan.disk.size.count);
    const std::string told =
        guest::run_in_machine({.disk = existing.file,
                               .root = luggage,
                               .command = {std::string(kProgram), "change-disk",
                                           std::string(kFolder), guest::kMachineDisk}},
                              progress);
    fs::remove(luggage);
    progress.end(Stage::machine, {.bytes = plan.disk.size});
    return {{existing.file, plan.disk.size, plan.disk}, read_facts(told)};
  });
}

void change_disk_here(const fs::path& folder, const fs::path& device, Progress& progress) {
  mount::enter_private_mounts();
  const Plan plan = parse_plan(read_file(folder / kPlan), kPlan);
  if (!plan.base) throw Error(ErrorKind::usage, "the plan has no base");
  std::vector<fs::path> packages;
  for (const auto& entry : fs::directory_iterator(folder / kPackages)) {
    packages.push_back(entry.path());
  }
  std::sort(packages.begin(), packages.end());
  const host::CommandRunner runner(progress);
  const ChangedDisk changed = change_disk(plan, {device, plan.base->disk_size, plan.base->disk_id},
                                          "/work", packages, runner, progress);
  const std::string told = to_json(changed.system).dump();
  std::fwrite(told.data(), 1, told.size(), stdout);
}

}  // namespace composer
