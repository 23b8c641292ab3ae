#pragma once

#include "composer/blueprint.h"
#include "composer/blueprint/findings.h"

// What the values of a blueprint must be to each other, one file for each section. A check looks at
// values only where they were read without a problem: `findings.sound(...)`. Whether a key was
// written at all, rightly or wrongly, the node says. The elements of a list are in the struct at
// the same index as in the node.

namespace composer::blueprint {

/// A section of the text, or null where it is not there or not what it should be.
const Node* section_of(const Node& root, std::string_view key);

/// The items of a list in a section; empty where there is none.
const std::vector<Node>& items_of(const Node* section, std::string_view key);

/// Reports each value of a list that is there before. `noun`: `package`.
void check_repeats(const std::vector<Located<std::string>>& values, const Node* section,
                   std::string_view key, std::string_view noun, Findings& findings);

void check_repositories(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_packages(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_disk(const Blueprint& blueprint, const Node& root, Findings& findings);
/// What a blueprint with `base` may say and what only one with it may.
void check_base(const Blueprint& blueprint, const Node& root, Findings& findings);
/// Partitions by themselves and beside each other: of a disk that is made, or that are added.
void check_partitions(const std::vector<PartitionRequest>& requests, const Node& list,
                      Findings& findings);
void check_boot(const Blueprint& blueprint, const Node& root, Findings& findings);
/// What systemd-boot and unified kernel images need of the rest; a part of check_boot.
void check_loader(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_users(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_services(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_settings(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_units(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_files(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_certificates(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_scripts(const Blueprint& blueprint, const Node& root, Findings& findings);
void check_outputs(const Blueprint& blueprint, const Node& root, Findings& findings);

/// What only btrfs has: subvolumes and compression.
void check_btrfs(const PartitionRequest& partition, const Node& node, Findings& findings);
/// `minimum_size` and `grow` of one partition.
void check_growth(const PartitionRequest& partition, const Node& node, Findings& findings);

/// The arguments of mkfs for one partition: only those that say how the filesystem is made.
void check_mkfs_options(const FilesystemRequest& filesystem, const Node& partition,
                        Findings& findings);

}  // namespace composer::blueprint
