#pragma once

#include "composer/plan.h"

namespace composer::test {

/// A plan with something in every member, so that a forgotten member shows.
inline Plan example_plan() {
  Plan plan;
  plan.tool_version = "0.1.0";
  plan.name = "vm";
  plan.version = "4.0";
  plan.identity_seed = "vm/4.0/x86_64";
  plan.source_date_epoch = 1700000000;
  plan.repositories = {{.id = "base",
                        .baseurls = {"https://example.com/base"},
                        .repomd_sha256 = std::string(64, 'a'),
                        .keys = {{.fingerprint = "ABCD", .source = "keys/a.asc", .armor = "-----"}},
                        .package_signatures = true}};
  plan.packages = {{.name = "bash",
                    .epoch = 1,
                    .version = "5.2",
                    .release = "1.azl4",
                    .arch = "x86_64",
                    .repository = "base",
                    .location = "Packages/b/bash.rpm",
                    .checksum_type = "sha256",
                    .checksum = std::string(64, 'b'),
                    .size = KiB(1900),
                    .installed_size = MiB(8),
                    .build_time = 1690000000,
                    .license = "GPL-3.0-or-later",
                    .source_rpm = "bash-5.2-1.azl4.src.rpm",
                    .vendor = "Example",
                    .summary = "The \"shell\"",
                    .reason = PackageReason::asked}};
  plan.disk = {.table = PartitionTableType::gpt,
               .id = "11111111-2222-8333-8444-555555555555",
               .size = GiB(5),
               .partitions = {{.number = 1,
                               .label = "root",
                               .type = PartitionType::root,
                               .type_id = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
                               .uuid = "61111111-2222-8333-8444-555555555555",
                               .start = MiB(1),
                               .size = GiB(5) - MiB(2),
                               .filesystem = PlannedFilesystem{.type = FilesystemType::xfs,
                                                               .label = "root",
                                                               .uuid = "71111111-2222-8333-8444-"
                                                                       "555555555555",
                                                               .mount = "/",
                                                               .mount_options = {"noatime"},
                                                               .mkfs_options = {"-K"}}}}};
  plan.boot = {.firmware = Firmware::both,
               .loader = Loader::grub,
               .kernel_command_line = "console=ttyS0",
               .root_argument = "root=UUID=71111111-2222-8333-8444-555555555555"};
  plan.system = {.hostname = "vm",
                 .locale = "C.UTF-8",
                 .timezone = "UTC",
                 .groups = {{.name = "ops", .gid = 2000}},
                 .users = {{.name = "ops",
                            .uid = 2000,
                            .group = "ops",
                            .groups = {"wheel"},
                            .shell = "/bin/bash",
                            .home = "/home/ops",
                            .comment = "Operations",
                            .password_hash = "$6$a$b",
                            .ssh_keys = {"ssh-ed25519 AAAA"}}},
                 .services_enable = {"sshd.service"},
                 .services_disable = {"crond.service"},
                 .services_mask = {"tmp.mount"},
                 .files = {{.path = "/etc/motd", .content = "hello\n"},
                           {.path = "/etc/blob",
                            .content = std::string("\xff\x00\x80", 3),
                            .mode = 0600,
                            .owner = "ops",
                            .group = "ops"}}};
  plan.outputs = {
      {.format = OutputFormat::qcow2, .compression = Compression::zstd, .filename = "vm.qcow2"}};
  plan.boot_test = {
      .target = "multi-user.target", .within_seconds = 90, .services = {"sshd.service"}};
  return plan;
}

}  // namespace composer::test
