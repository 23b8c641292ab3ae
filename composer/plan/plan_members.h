#pragma once

#include "composer/plan.h"
#include "composer/plan/plan_members_system.h"

// The members of the Plan in JSON, in order, but for its system part; see plan_json.cc.

namespace composer {

template <typename Io>
void members(Io& io, PlannedKey& v) {
  io("fingerprint", v.fingerprint);
  io("source", v.source);
  io("armor", v.armor);
}

template <typename Io>
void members(Io& io, PlannedRepository& v) {
  io("id", v.id);
  io("baseurls", v.baseurls);
  io("repomd_sha256", v.repomd_sha256);
  io("package_signatures", v.package_signatures);
  io("in_image", v.in_image);
  io("keys", v.keys);
}

template <typename Io>
void members(Io& io, PlannedPackage& v) {
  io("name", v.name);
  io("epoch", v.epoch);
  io("version", v.version);
  io("release", v.release);
  io("arch", v.arch);
  io("repository", v.repository);
  io("location", v.location);
  io("checksum_type", v.checksum_type);
  io("checksum", v.checksum);
  io("signing_key", v.signing_key);
  io("size", v.size);
  io("installed_size", v.installed_size);
  io("build_time", v.build_time);
  io("license", v.license);
  io("source_rpm", v.source_rpm);
  io("vendor", v.vendor);
  io("summary", v.summary);
  io("reason", v.reason);
  io.where_true("on_top", v.on_top);
}

template <typename Io>
void members(Io& io, PlannedInstallation& v) {
  io("documentation", v.documentation);
  io("locales", v.locales);
  io("erase", v.erase);
  io("package_manager", v.package_manager);
}

template <typename Io>
void members(Io& io, PlannedSubvolume& v) {
  io("name", v.name);
  io("mount", v.mount);
  io("mount_options", v.mount_options);
}

template <typename Io>
void members(Io& io, PlannedFilesystem& v) {
  io("type", v.type);
  io("label", v.label);
  io("uuid", v.uuid);
  io("mount", v.mount);
  io("mount_options", v.mount_options);
  io("mkfs_options", v.mkfs_options);
  io("subvolumes", v.subvolumes);
  io("compression", v.compression);
}

template <typename Io>
void members(Io& io, PlannedOrigin& v) {
  io("size", v.size);
  io("uuid", v.uuid);
  io("filesystem_uuid", v.filesystem_uuid);
}

template <typename Io>
void members(Io& io, PlannedBase& v) {
  io("image", v.image);
  io("disk_size", v.disk_size);
  io("disk_id", v.disk_id);
  io("rpm_database", v.rpm_database);
  io("remove", v.remove);
  io("boot", v.boot);
}

template <typename Io>
void members(Io& io, PlannedPartition& v) {
  io("number", v.number);
  io("label", v.label);
  io("type", v.type);
  io("type_id", v.type_id);
  io("uuid", v.uuid);
  io("start", v.start);
  io("size", v.size);
  io("grow", v.grow);
  io("filesystem", v.filesystem);
  io.where_there("base", v.base);
}

template <typename Io>
void members(Io& io, PlannedDisk& v) {
  io("table", v.table);
  io("id", v.id);
  io("size", v.size);
  io("partitions", v.partitions);
}

template <typename Io>
void members(Io& io, PlannedBoot& v) {
  io("firmware", v.firmware);
  io("loader", v.loader);
  io("uki", v.uki);
  io("initramfs", v.initramfs);
  io("timeout_seconds", v.timeout_seconds);
  io("serial_console", v.serial_console);
  io("root_argument", v.root_argument);
  io("kernel_command_line", v.kernel_command_line);
}

template <typename Io>
void members(Io& io, PlannedContainer& v) {
  io("entrypoint", v.entrypoint);
  io("cmd", v.cmd);
  io("env", v.env);
  io("labels", v.labels);
  io("working_dir", v.working_dir);
  io("user", v.user);
  io("stop_signal", v.stop_signal);
  io("exposed_ports", v.exposed_ports);
  io("tag", v.tag);
}

template <typename Io>
void members(Io& io, PlannedOutput& v) {
  io("format", v.format);
  io("compression", v.compression);
  io("filename", v.filename);
  io("sector_size", v.sector_size);
  io("container", v.container);
}

template <typename Io>
void members(Io& io, PlannedTestScript& v) {
  io("name", v.name);
  io("content", Content{&v.content});
}

template <typename Io>
void members(Io& io, PlannedLintIgnore& v) {
  io("rule", v.rule);
  io("reason", v.reason);
}

template <typename Io>
void members(Io& io, PlannedLint& v) {
  io("profiles", v.profiles);
  io("ignore", v.ignore);
}

template <typename Io>
void members(Io& io, PlannedBootTest& v) {
  io("target", v.target);
  io("within_seconds", v.within_seconds);
  io("services", v.services);
}

template <typename Io>
void members(Io& io, Plan& v) {
  io("format", v.format);
  io("tool_version", v.tool_version);
  io("name", v.name);
  io("version", v.version);
  io("arch", v.arch);
  io("identity_seed", v.identity_seed);
  io("source_date_epoch", v.source_date_epoch);
  io.where_there("base", v.base);
  io("repositories", v.repositories);
  io("disk", v.disk);
  io("boot", v.boot);
  io("installation", v.installation);
  io("system", v.system);
  io("scripts", v.scripts);
  io("outputs", v.outputs);
  io("boot_test", v.boot_test);
  io("test_scripts", v.test_scripts);
  io("lint", v.lint);
  io("packages", v.packages);
}

}  // namespace composer
