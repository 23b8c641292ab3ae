#include "composer/reuse_keys.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string_view>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/disk/assembly.h"
#include "composer/image/copy_disk.h"
#include "composer/plan/plan_json.h"
#include "composer/version.h"

namespace composer {
namespace {

using Json = nlohmann::ordered_json;

/// The program itself: a version number does not tell two builds of it apart.
const std::string& own_identity() {
  static const std::string identity = fmt::format("{} {}", kVersion, sha256_file("/proc/self/exe"));
  return identity;
}

/// The programs of this machine that a disk is made with, and its kernel.
std::string machine_identity(const Plan& plan) {
  std::string identity;
  utsname name{};
  if (::uname(&name) == 0) identity += fmt::format("{} {}\n", name.sysname, name.release);
  for (const host::Tool& tool : disk::required_tools(plan.disk)) {
    const std::string path = host::find_program(tool.program);
    struct stat status {};
    if (path.empty() || ::stat(path.c_str(), &status) != 0) continue;
    identity += fmt::format("{} {} {}.{}\n", path, status.st_size, status.st_mtim.tv_sec,
                            status.st_mtim.tv_nsec);
  }
  return identity;
}

/// The plan without what does not change what is made: who signed a package that is the same.
Json json_of(const Plan& plan) {
  Plan copy = plan;
  for (PlannedPackage& package : copy.packages) package.signing_key.clear();
  return Json::parse(to_json(copy));
}

/// Of files in these folders an initramfs has none: /etc is looked at in the root itself.
bool may_be_in_initramfs(std::string_view path) {
  constexpr std::array kNever{"/etc/",       "/home/",          "/root/", "/srv/",
                              "/opt/",       "/var/",           "/mnt/",  "/media/",
                              "/usr/local/", "/usr/share/doc/", "/boot/", "/tmp/"};
  return std::none_of(kNever.begin(), kNever.end(),
                      [&](std::string_view folder) { return path.starts_with(folder); });
}

}  // namespace

host::StoreKey output_key(const Plan& plan) {
  host::StoreKey key;
  const Json json = json_of(plan);
  for (const auto& [name, part] : json.items()) key.add(name, part.dump());
  key.add("image-composer", own_identity());
  key.add("this machine", machine_identity(plan));
  return key;
}

host::StoreKey installed_disk_key(const Plan& plan) {
  host::StoreKey key;
  Plan copy = plan;
  // Who asked for a package is nothing to it.
  for (PlannedPackage& package : copy.packages) package.reason = PackageReason::dependency;
  const Json json = json_of(copy);
  key.add("image-composer", own_identity());
  key.add("this machine", machine_identity(plan));
  for (const char* part : {"arch", "source_date_epoch", "packages", "disk"}) {
    key.add(part, json.at(part).dump());
  }
  const Json& installation = json.at("installation");
  for (const char* part : {"documentation", "locales"}) key.add(part, installation.at(part).dump());
  return key;
}

host::StoreKey planned_initramfs_key(const Plan& plan) {
  host::StoreKey key;
  const Json json = json_of(plan);
  key.add("image-composer", own_identity());
  // All else that it is made of is seen when it is read in the root.
  if (plan.boot.initramfs == InitramfsMaker::systemd) return key;
  key.add("packages", json.at("packages").dump());
  key.add("installation", json.at("installation").dump());
  key.add("source_date_epoch", json.at("source_date_epoch").dump());
  Json files = Json::array();
  for (const Json& file : json.at("system").at("files")) {
    if (may_be_in_initramfs(file.at("path").get<std::string>())) files.push_back(file);
  }
  key.add("files outside of /etc", files.dump());
  if (!plan.scripts.empty()) {
    // A script may change anything by anything that it finds.
    key.add("scripts", json.at("scripts").dump());
    key.add("system", json.at("system").dump());
    key.add("disk", json.at("disk").dump());
    key.add("boot", json.at("boot").dump());
  }
  return key;
}

void copy_whole(const Plan& plan, const std::filesystem::path& from, image::PartialFile& to,
                image::WriteBack write_back) {
  const FileDescriptor source = open_file(from, O_RDONLY | O_NOFOLLOW);
  const image::RawDisk file{source.get(), std::filesystem::file_size(from), from.string()};
  SilentProgress silent;
  image::ExportMeter meter(silent, image::data_size(file));
  PlannedOutput output;
  output.filename = to.path().filename().string();
  image::copy_disk(
      {.plan = plan, .output = output, .disk = file, .meter = meter, .write_back = write_back}, to);
  meter.finish();
}

}  // namespace composer
