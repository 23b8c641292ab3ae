#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "composer/base/one_line.h"
#include "composer/image_facts.h"

namespace composer {
namespace {

using inspect::FilesystemFacts;
using inspect::TableKind;
using Json = nlohmann::ordered_json;

std::string_view table_name(TableKind kind) {
  switch (kind) {
    case TableKind::none:
      return "none";
    case TableKind::mbr:
      return "mbr";
    case TableKind::gpt:
      return "gpt";
  }
  return "";
}

std::string_view format_name(const ImageFacts& facts) {
  if (facts.container) return inspect::to_text(facts.container->format);
  return facts.source == inspect::ImageRoot::Source::archive ? "archive" : "directory";
}

/// dpkg's packages may have no release.
std::string nevra(const rpm::InstalledPackage& package) {
  std::string out = package.name + '-';
  if (package.epoch != 0) out += fmt::format("{}:", package.epoch);
  out += package.version;
  if (!package.release.empty()) out += '-' + package.release;
  if (!package.arch.empty()) out += '.' + package.arch;
  return out;
}

std::string value_of(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

const FilesystemFacts* filesystem_of(const ImageFacts& facts, int partition) {
  for (const FilesystemFacts& filesystem : facts.filesystems) {
    if (filesystem.partition == partition) return &filesystem;
  }
  return nullptr;
}

// ------------------------------------------------------------------------------------ for people

void tell_file(std::string& out, const ImageFacts& facts) {
  out += fmt::format("{}: {}", facts.name, format_name(facts));
  if (facts.container) {
    out += fmt::format(", {} virtual", to_text(facts.container->virtual_size));
  }
  if (facts.file_size.count > 0) {
    out += fmt::format(", {} long, {} on disk", to_text(facts.file_size), to_text(facts.allocated));
  }
  out += '\n';
  if (!facts.container) return;
  const inspect::ContainerFacts& container = *facts.container;
  if (container.vhd) {
    out += fmt::format("  creator '{}', {} bytes, id {}\n", one_line(container.vhd->creator_app),
                       container.vhd->current_size.count, container.vhd->uuid);
  }
  if (container.qcow2_version != 0) {
    out += fmt::format(
        "  version {}, clusters of {}{}\n", container.qcow2_version, to_text(container.block_size),
        container.compression.empty() ? "" : ", compression type " + container.compression);
  } else if (container.block_size.count != 0) {
    out += fmt::format("  blocks of {}, sectors of {} bytes\n", to_text(container.block_size),
                       container.logical_sector);
  }
}

std::string filesystem_text(const FilesystemFacts& filesystem) {
  std::string out = fmt::format("{:<6} {}", filesystem.type, filesystem.uuid);
  if (!filesystem.label.empty()) out += fmt::format(" '{}'", one_line(filesystem.label));
  for (const std::string& point : filesystem.mounted_at)
    out += fmt::format("  {}", one_line(point));
  if (filesystem.needs_recovery) out += "  (dirty journal)";
  if (filesystem.has_errors) out += "  (has errors)";
  return out;
}

void tell_disk(std::string& out, const ImageFacts& facts) {
  if (!facts.disk) return;
  out += fmt::format("\npartition table: {}", table_name(facts.disk->kind));
  if (!facts.disk->id.empty()) out += fmt::format(", {}", facts.disk->id);
  out += facts.bios_boot_code ? ", BIOS boot code\n" : "\n";
  if (facts.disk->kind == TableKind::none) {
    for (const FilesystemFacts& filesystem : facts.filesystems) {
      out += fmt::format("  {}\n", filesystem_text(filesystem));
    }
  }
  for (const inspect::PartitionFacts& partition : facts.disk->partitions) {
    const FilesystemFacts* filesystem = filesystem_of(facts, partition.number);
    const std::string line = fmt::format(
        "{:>3}  {:<10} {:<11} at {:<9} {:<10} {}", partition.number, one_line(partition.name),
        partition_type_name(facts.disk->kind, partition.type), to_text(partition.start),
        to_text(partition.size), filesystem ? filesystem_text(*filesystem) : "");
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
}

void tell_system(std::string& out, const ImageFacts& facts) {
  if (facts.architecture.empty()) return;
  std::string name = value_of(facts.os_release, "PRETTY_NAME");
  if (name.empty()) name = value_of(facts.os_release, "NAME");
  out += fmt::format("\nsystem: {}", name.empty() ? "unknown" : one_line(name));
  if (const std::string id = value_of(facts.os_release, "ID"); !id.empty()) {
    out +=
        fmt::format(" ({} {})", one_line(id), one_line(value_of(facts.os_release, "VERSION_ID")));
  }
  out += fmt::format(", {}\n", facts.architecture);
  for (const InstalledKernel& kernel : facts.kernels) {
    out += fmt::format("  kernel {}{}\n", one_line(kernel.version),
                       kernel.image.empty() ? " (its modules alone)" : "");
  }
}

void tell_boot(std::string& out, const ImageFacts& facts) {
  if (facts.efi_programs.empty() && facts.boot_entries.empty()) return;
  out += "\nboot:\n";
  for (const EfiProgram& program : facts.efi_programs) {
    out += fmt::format("  {}: {}{}\n", one_line(program.path),
                       program.kind.empty() ? "an EFI program" : program.kind,
                       program.is_signed ? ", signed" : "");
  }
  for (const lint::BootEntry& entry : facts.boot_entries) {
    out += fmt::format("  {} starts {}\n    {}\n", one_line(entry.place), one_line(entry.kernel),
                       one_line(fmt::format("{}", fmt::join(entry.arguments, " ")), 4096));
    for (const std::string& missing : entry.missing) {
      out += fmt::format("    not there: {}\n", one_line(missing));
    }
  }
}

void tell_packages(std::string& out, const ImageFacts& facts, PackageList packages) {
  if (facts.architecture.empty()) return;
  if (!facts.packages) {
    out += fmt::format("\npackages: unknown: {}\n", one_line(facts.packages_problem));
    return;
  }
  out += fmt::format("\npackages: {}\n", facts.packages->size());
  if (packages == PackageList::count) return;
  for (const rpm::InstalledPackage& package : *facts.packages) {
    out += fmt::format("  {}\n", one_line(nevra(package)));
  }
}

// ---------------------------------------------------------------------------------- for programs

Json filesystem_json(const FilesystemFacts& filesystem) {
  return {{"type", filesystem.type},
          {"uuid", filesystem.uuid},
          {"label", filesystem.label},
          {"partition", filesystem.partition},
          {"mounted_at", filesystem.mounted_at},
          {"needs_recovery", filesystem.needs_recovery},
          {"has_errors", filesystem.has_errors},
          {"features", filesystem.features},
          {"problem", filesystem.problem}};
}

Json container_json(const inspect::ContainerFacts& container) {
  Json json = {{"virtual_size", container.virtual_size.count},
               {"block_size", container.block_size.count},
               {"logical_sector", container.logical_sector},
               {"compression", container.compression}};
  if (container.qcow2_version != 0) json["qcow2_version"] = container.qcow2_version;
  if (container.vhd) {
    json["vhd"] = {{"creator", container.vhd->creator_app},
                   {"uuid", container.vhd->uuid},
                   {"current_size", container.vhd->current_size.count},
                   {"original_size", container.vhd->original_size.count},
                   {"disk_type", container.vhd->disk_type},
                   {"checksum_right", container.vhd->checksum_right}};
  }
  return json;
}

Json disk_json(const inspect::DiskFacts& disk) {
  Json partitions = Json::array();
  for (const inspect::PartitionFacts& partition : disk.partitions) {
    partitions.push_back({{"number", partition.number},
                          {"name", partition.name},
                          {"type", partition_type_name(disk.kind, partition.type)},
                          {"type_id", partition.type},
                          {"uuid", partition.guid},
                          {"start", partition.start.count},
                          {"size", partition.size.count},
                          {"attributes", partition.attributes}});
  }
  return {{"table", table_name(disk.kind)},
          {"id", disk.id},
          {"size", disk.size.count},
          {"bios_boot_code", disk.has_boot_code()},
          {"partitions", partitions}};
}

}  // namespace

std::string describe(const ImageFacts& facts, PackageList packages) {
  std::string out;
  tell_file(out, facts);
  tell_disk(out, facts);
  tell_system(out, facts);
  tell_boot(out, facts);
  tell_packages(out, facts, packages);
  if (!facts.problems.empty()) out += "\nproblems:\n";
  for (const std::string& problem : facts.problems) out += fmt::format("  {}\n", one_line(problem));
  return out;
}

std::string to_json(const ImageFacts& facts) {
  Json json = {{"format", 1},
               {"image", facts.name},
               {"container", format_name(facts)},
               {"file_size", facts.file_size.count},
               {"allocated_size", facts.allocated.count}};
  if (facts.container) json.update(container_json(*facts.container));
  if (facts.disk) json["disk"] = disk_json(*facts.disk);
  json["filesystems"] = Json::array();
  for (const FilesystemFacts& filesystem : facts.filesystems) {
    json["filesystems"].push_back(filesystem_json(filesystem));
  }
  json["os_release"] = facts.os_release;
  json["architecture"] = facts.architecture;
  json["kernels"] = Json::array();
  for (const InstalledKernel& kernel : facts.kernels) {
    json["kernels"].push_back({{"version", kernel.version}, {"image", kernel.image}});
  }
  json["efi_programs"] = Json::array();
  for (const EfiProgram& program : facts.efi_programs) {
    json["efi_programs"].push_back({{"path", program.path},
                                    {"kind", program.kind},
                                    {"machine", program.machine},
                                    {"signed", program.is_signed}});
  }
  json["boot_entries"] = Json::array();
  for (const lint::BootEntry& entry : facts.boot_entries) {
    json["boot_entries"].push_back({{"place", entry.place},
                                    {"kernel", entry.kernel},
                                    {"initramfs", entry.initramfs},
                                    {"arguments", entry.arguments},
                                    {"missing", entry.missing},
                                    {"unified", entry.unified}});
  }
  json["packages"] = nullptr;
  if (facts.packages) {
    json["packages"] = Json::array();
    for (const rpm::InstalledPackage& package : *facts.packages) {
      json["packages"].push_back({{"name", package.name},
                                  {"epoch", package.epoch},
                                  {"version", package.version},
                                  {"release", package.release},
                                  {"arch", package.arch}});
    }
  } else {
    json["packages_problem"] = facts.packages_problem;
  }
  json["problems"] = facts.problems;
  // What an image says of itself need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace composer
