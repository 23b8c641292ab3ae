#include "composer/image/cosi_document.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "composer/plan/decide_installation.h"
#include "composer/plan/identity.h"

namespace composer::image::cosi {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kSector = 512;
/// Protective MBR, header, 128 entries of 128 bytes: sectors 0 to 33. Source: UEFI 2.10, 5.3.
constexpr std::uint64_t kTableSize = 34 * kSector;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

Json image_of(const Region& region) {
  return {{"path", region.path()},
          {"compressedSize", region.compressed_size},
          {"uncompressedSize", region.size},
          {"sha384", region.sha384}};
}

/// Filesystems that are mounted; swap and boot code are regions alone.
Json filesystems_of(const Plan& plan, const std::vector<Region>& regions) {
  Json list = Json::array();
  for (const PlannedPartition& partition : plan.disk.partitions) {
    const auto& filesystem = partition.filesystem;
    if (!filesystem || filesystem->mount.empty()) continue;
    if (filesystem->type == FilesystemType::swap) continue;
    const auto region = std::find_if(regions.begin(), regions.end(), [&](const Region& each) {
      return each.partition == partition.number;
    });
    list.push_back({{"image", image_of(*region)},
                    {"mountPoint", filesystem->mount},
                    {"fsType", to_text(filesystem->type)},
                    {"fsUuid", filesystem->uuid},
                    {"partType", lower(partition.type_id)},
                    {"verity", nullptr}});
  }
  return list;
}

Json disk_of(const Plan& plan, const std::vector<Region>& regions) {
  Json list = Json::array();
  for (const Region& region : regions) {
    Json entry{{"image", image_of(region)},
               {"type", region.partition == 0 ? "primary-gpt" : "partition"},
               {"startLba", region.start / kSector}};
    if (region.partition != 0) entry["number"] = region.partition;
    list.push_back(std::move(entry));
  }
  return {{"size", plan.disk.size.count},
          {"type", "gpt"},
          {"lbaSize", kSector},
          {"gptRegions", std::move(list)}};
}

Json packages_of(const Plan& plan) {
  Json list = Json::array();
  for (const PlannedPackage& package : plan.packages) {
    if (!remains(plan.installation, package.name)) continue;
    list.push_back({{"name", package.name},
                    {"version", package.version},
                    {"release", package.release},
                    {"arch", package.arch}});
  }
  return list;
}

Json loader_of(const Plan& plan, const SystemFacts& system) {
  if (plan.boot.loader == Loader::grub) return {{"type", "grub"}};
  Json entries = Json::array();
  for (const SystemFacts::BootEntry& entry : system.entries) {
    const bool config = entry.kind == SystemFacts::BootEntry::Kind::config;
    entries.push_back({{"type", config ? "config" : "uki-standalone"},
                       {"path", entry.path},
                       {"cmdline", entry.command_line},
                       {"kernel", entry.kernel}});
  }
  return {{"type", "systemd-boot"}, {"systemdBoot", {{"entries", std::move(entries)}}}};
}

}  // namespace

std::string Region::path() const {
  if (partition == 0) return "images/primary-gpt.raw.zst";
  return fmt::format("images/partition-{}.raw.zst", partition);
}

std::string refusal(const Plan& plan) {
  if (plan.disk.table != PartitionTableType::gpt) {
    return "its disk has an MBR, and COSI knows GPT alone";
  }
  std::set<std::string> uuids;
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (!partition.filesystem) continue;
    if (!partition.filesystem->subvolumes.empty()) {
      return fmt::format("partition '{}' has btrfs subvolumes, which COSI has no word for",
                         partition.label);
    }
    if (!partition.filesystem->mount.empty() && !uuids.insert(partition.filesystem->uuid).second) {
      return fmt::format("two filesystems have the UUID {}", partition.filesystem->uuid);
    }
  }
  return {};
}

std::vector<Region> regions_of(const Plan& plan) {
  std::vector<Region> regions;
  regions.push_back({.partition = 0, .start = 0, .size = kTableSize});
  for (const PlannedPartition& partition : plan.disk.partitions) {
    regions.push_back({.partition = partition.number,
                       .start = partition.start.count,
                       .size = partition.size.count});
  }
  std::stable_sort(regions.begin(), regions.end(),
                   [](const Region& a, const Region& b) { return a.start < b.start; });
  return regions;
}

std::string metadata_document(const Plan& plan, const SystemFacts& system,
                              const std::vector<Region>& regions) {
  const Json document{{"version", "1.2"},
                      {"osArch", plan.arch == Architecture::aarch64 ? "arm64" : "x86_64"},
                      {"osRelease", system.os_release},
                      {"images", filesystems_of(plan, regions)},
                      {"disk", disk_of(plan, regions)},
                      {"osPackages", packages_of(plan)},
                      {"bootloader", loader_of(plan, system)},
                      {"id", derived_uuid(plan.identity_seed, "cosi")},
                      // The text of 1.2 has the first name, its schema the second; readers ignore
                      // what they do not know.
                      {"compression", {{"windowSize", kWindowLog}, {"maxWindowLog", kWindowLog}}}};
  return document.dump(2) + "\n";
}

}  // namespace composer::image::cosi
