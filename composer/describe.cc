#include "composer/describe.h"

#include <algorithm>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "composer/tree/configure.h"
#include "composer/tree/scripts.h"

namespace composer {
namespace {

std::string_view reason_text(PackageReason reason) {
  switch (reason) {
    case PackageReason::asked:
      return "asked for";
    case PackageReason::dependency:
      return "dependency";
    case PackageReason::weak:
      return "recommended";
    case PackageReason::base:
      return "in the base";
  }
  return "";
}

void describe_packages(std::string& out, const Plan& plan) {
  Bytes download, installed;
  std::map<PackageReason, int> count;
  std::size_t width = 0;
  // What a base image has and keeps says nothing of what will be done.
  std::vector<PlannedPackage> packages;
  for (const PlannedPackage& package : plan.packages) {
    if (package.reason != PackageReason::base) packages.push_back(package);
  }
  for (const PlannedPackage& package : packages) {
    download += package.size;
    installed += package.installed_size;
    ++count[package.reason];
    width = std::max(width, package.nevra().size());
  }
  width = std::min<std::size_t>(width, 56);
  out += fmt::format(
      "\npackages: {} ({} asked for, {} dependencies, {} recommended), {} to download, {} "
      "installed\n",
      packages.size(), count[PackageReason::asked], count[PackageReason::dependency],
      count[PackageReason::weak], to_text(download), to_text(installed));
  for (const PlannedPackage& package : packages) {
    out += fmt::format("  {:<{}}  {:>9}  {:<11}  {}{}\n", package.nevra(), width,
                       to_text(package.size), reason_text(package.reason), package.repository,
                       package.on_top ? ", on top" : "");
  }
}

void describe_installation(std::string& out, const PlannedInstallation& installation) {
  if (!installation.documentation) out += "  without documentation\n";
  if (installation.locales && installation.locales->empty()) out += "  without locales\n";
  if (installation.locales && !installation.locales->empty()) {
    out += fmt::format("  locales: {}\n", fmt::join(*installation.locales, ", "));
  }
  if (installation.package_manager != PackageManager::kept) {
    out += fmt::format("  package manager: {}\n", to_text(installation.package_manager));
  }
  if (!installation.erase.empty()) {
    out += fmt::format("  erased at the end: {}\n", fmt::join(installation.erase, ", "));
  }
}

void describe_volumes(std::string& out, const PlannedFilesystem& filesystem) {
  if (!filesystem.compression.empty()) {
    out += fmt::format("       compression {}\n", filesystem.compression);
  }
  for (const PlannedSubvolume& subvolume : filesystem.subvolumes) {
    out += fmt::format("       subvolume {}  {}", subvolume.name, subvolume.mount);
    if (!subvolume.mount_options.empty()) {
      out += fmt::format(" ({})", fmt::join(subvolume.mount_options, ","));
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
}

void describe_base(std::string& out, const PlannedBase& base) {
  out += fmt::format("\nbase image: {}, disk of {}\n", base.image, to_text(base.disk_size));
  for (const std::string& package : base.remove) out += fmt::format("  removes {}\n", package);
  out += base.boot ? "  kernels, initramfs and boot menu are written anew\n"
                   : "  kernels, initramfs and boot menu stay as they are\n";
}

void describe_disk(std::string& out, const PlannedDisk& disk) {
  if (disk.partitions.empty()) {
    out += "\ndisk: none\n";
    return;
  }
  out += fmt::format("\ndisk: {}, {}\n", to_text(disk.table), to_text(disk.size));
  for (const PlannedPartition& partition : disk.partitions) {
    out += fmt::format("  {}  {:<10} {:<10} at {:<9} {:<9}", partition.number, partition.label,
                       to_text(partition.type), to_text(partition.start), to_text(partition.size));
    if (const auto& filesystem = partition.filesystem) {
      out += fmt::format(" {:<5} {}  {}", to_text(filesystem->type), filesystem->uuid,
                         filesystem->mount);
      if (!filesystem->mount_options.empty()) {
        out += fmt::format(" ({})", fmt::join(filesystem->mount_options, ","));
      }
    }
    while (out.ends_with(' ')) out.pop_back();
    if (partition.grow) out += "  grows to the end of the disk at boot";
    out += '\n';
    if (partition.filesystem) describe_volumes(out, *partition.filesystem);
  }
}

void describe_container(std::string& out, const PlannedContainer& container) {
  const auto list = [&](std::string_view name, const std::vector<std::string>& values) {
    if (!values.empty()) out += fmt::format("    {}: {}\n", name, fmt::join(values, " "));
  };
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("    {}: {}\n", name, value);
  };
  list("entrypoint", container.entrypoint);
  list("cmd", container.cmd);
  for (const PlannedPair& pair : container.env) {
    out += fmt::format("    env: {}={}\n", pair.key, pair.value);
  }
  text("working_dir", container.working_dir);
  text("user", container.user);
  list("exposed_ports", container.exposed_ports);
  text("stop_signal", container.stop_signal);
  for (const PlannedPair& pair : container.labels) {
    out += fmt::format("    label: {}={}\n", pair.key, pair.value);
  }
}

}  // namespace

std::string describe(const Plan& plan) {
  std::string out = fmt::format("{} {} for {}\n", plan.name, plan.version, to_text(plan.arch));
  const std::time_t epoch = plan.source_date_epoch;
  out += fmt::format("source date: {:%Y-%m-%d %H:%M:%S} UTC ({})\n", fmt::gmtime(epoch),
                     plan.source_date_epoch);

  if (plan.base) describe_base(out, *plan.base);
  out += "\nrepositories:\n";
  for (const PlannedRepository& repository : plan.repositories) {
    out += fmt::format("  {}  {}\n", repository.id, fmt::join(repository.baseurls, ", "));
    out += fmt::format("    repomd.xml sha256 {}\n", repository.repomd_sha256);
    for (const PlannedKey& key : repository.keys) {
      out += fmt::format("    key {} ({})\n", key.fingerprint, key.source);
    }
    if (!repository.package_signatures) out += "    package signatures are NOT checked\n";
  }
  describe_packages(out, plan);
  describe_installation(out, plan.installation);
  describe_disk(out, plan.disk);

  if (plan.has_disk()) {
    out += fmt::format("\nboot: {}, {}\n  {} {}\n", to_text(plan.boot.firmware),
                       to_text(plan.boot.loader), plan.boot.root_argument,
                       plan.boot.kernel_command_line);
  }

  out += "\nconfigure:\n";
  for (const auto steps : {tree::configure_steps(), tree::kernel_steps()}) {
    for (const tree::ConfigureStep& step : steps) {
      if (!step.wanted(plan)) continue;
      for (const std::string& line : step.describe(plan)) {
        out += fmt::format("  {}: {}\n", step.name, line);
      }
    }
  }

  const std::vector<std::string> scripts = tree::describe_scripts(plan);
  if (!scripts.empty()) out += "\nscripts:\n";
  for (const std::string& line : scripts) out += fmt::format("  {}\n", line);

  out += "\noutputs:\n";
  for (const PlannedOutput& output : plan.outputs) {
    out += fmt::format("  {}  {}", output.filename, to_text(output.format));
    if (output.compression != Compression::none) {
      out += fmt::format(", {}", to_text(output.compression));
    }
    if (output.sector_size != SectorSize::native_512) {
      out += fmt::format(", sectors {}", to_text(output.sector_size));
    }
    if (output.container) out += fmt::format(", tag {}", output.container->tag);
    out += '\n';
    if (output.container) describe_container(out, *output.container);
  }
  return out;
}

std::string describe(const Image& image) {
  const std::string of_disk = image.virtual_size.count == 0
                                  ? std::string()
                                  : fmt::format(", {} virtual", to_text(image.virtual_size));
  return fmt::format("{}  {}, {} on disk{}\n  sha256 {}\n", image.path.string(),
                     to_text(image.output.format), to_text(image.file_size), of_disk, image.sha256);
}

std::string describe(const BuildReport& report) {
  std::string out = report.lint;
  for (const Image& image : report.images) out += describe(image);
  for (const PlannedScript& script : report.plan.scripts) {
    out += fmt::format("script {}: network: {}\n", script.name, script.network ? "yes" : "no");
  }
  for (const std::filesystem::path& file : report.files) out += file.string() + "\n";
  double total = 0;
  std::string stages;
  for (const StageTime& time : report.times) {
    total += time.seconds;
    stages +=
        fmt::format("{}{} {:.1f}", stages.empty() ? "" : ", ", to_text(time.stage), time.seconds);
  }
  out += fmt::format("{:.1f} s ({}), peak memory {}\n", total, stages, to_text(report.peak_memory));
  return out;
}

std::string describe(const LockReport& report, bool diff) {
  const std::string path = report.path.string();
  if (diff) {
    return report.changes.empty() ? fmt::format("{}: nothing would change\n", path)
                                  : report.changes;
  }
  if (report.kept) {
    return fmt::format("{}: {} packages, as before; --update moves them\n", path, report.packages);
  }
  return fmt::format("{}{}: {} packages\n", report.changes, path, report.packages);
}

std::string describe(const BootReport& report) {
  std::string out = fmt::format(
      "{}: {} by {} under {}: firmware {:.1f} s, kernel {:.1f} s, user space {:.1f} s\n",
      report.passed ? "passed" : "FAILED",
      report.system_state.empty() ? "no report" : report.system_state, report.firmware,
      report.accelerator, report.firmware_seconds, report.kernel_seconds, report.userspace_seconds);
  for (const std::string& finding : report.findings) out += "  " + finding + "\n";
  out += fmt::format("serial console: {}\n", report.serial_log.string());
  return out;
}

}  // namespace composer
