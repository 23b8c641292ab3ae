#include "composer/disk/read_back.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "composer/disk/filesystem.h"
#include "composer/disk/probe.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

class Differences {
 public:
  void compare(std::string_view subject, std::string_view what, std::string_view planned,
               std::string_view found) {
    if (planned == found) return;
    problems_.push_back(
        {fmt::format("{} has the {} '{}', not '{}' as planned", subject, what, found, planned),
         {},
         {},
         {}});
  }
  void report(std::string message) { problems_.push_back({std::move(message), {}, {}, {}}); }

  void throw_if_any() {
    if (!problems_.empty()) {
      throw Error(ErrorKind::build, std::move(problems_))
          .add_context("while reading the disk back");
    }
  }

 private:
  std::vector<Problem> problems_;
};

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string bytes(Bytes size) {
  return fmt::format("{} bytes", size.count);
}

void compare_partition(const PlannedDisk& layout, const PlannedPartition& planned,
                       const PartitionSignature& found, Differences& differences) {
  const std::string subject = fmt::format("partition '{}'", planned.label);
  differences.compare(subject, "start", bytes(planned.start), bytes(found.start));
  differences.compare(subject, "size", bytes(planned.size), bytes(found.size));
  differences.compare(subject, "type", lower_case(planned.type_id), lower_case(found.type_id));
  differences.compare(subject, "identity", planned.uuid, lower_case(found.uuid));
  if (layout.table == PartitionTableType::gpt) {
    differences.compare(subject, "name", planned.label, found.label);
  }
}

void compare_filesystem(const PlannedPartition& planned,
                        const std::optional<FilesystemSignature>& found, Differences& differences) {
  if (!planned.filesystem) {
    if (found) {
      differences.report(fmt::format("partition '{}' holds {}, though nothing was planned",
                                     planned.label, found->type));
    }
    return;
  }
  const std::string_view type = kernel_name(planned.filesystem->type);
  if (!found) {
    differences.report(fmt::format("partition '{}' holds no {}", planned.label, type));
    return;
  }
  const std::string subject = fmt::format("the filesystem of partition '{}'", planned.label);
  differences.compare(subject, "type", type, found->type);
  differences.compare(subject, "identity", planned.filesystem->uuid, found->uuid);
  differences.compare(subject, "label", planned.filesystem->label, found->label);
}

}  // namespace

void check_as_planned(int fd, const PlannedDisk& layout) {
  Differences differences;
  const auto table = probe_partition_table(fd, layout.size);
  if (!table) {
    throw Error(ErrorKind::build, "the disk has no partition table")
        .add_context("while reading the disk back");
  }
  const bool gpt = layout.table == PartitionTableType::gpt;
  differences.compare("the disk", "partition table", gpt ? "gpt" : "dos", table->type);
  differences.compare("the disk", "id", gpt ? layout.id : layout.id.substr(2), table->id);
  if (table->partitions.size() != layout.partitions.size()) {
    differences.report(fmt::format("the disk has {} partitions, not {} as planned",
                                   table->partitions.size(), layout.partitions.size()));
  }
  for (const PlannedPartition& planned : layout.partitions) {
    const auto found = std::find_if(
        table->partitions.begin(), table->partitions.end(),
        [&](const PartitionSignature& partition) { return partition.number == planned.number; });
    if (found == table->partitions.end()) {
      differences.report(fmt::format("partition '{}' is not on the disk", planned.label));
    } else {
      compare_partition(layout, planned, *found, differences);
    }
    // Of a base image's own, and unknown: it may hold anything.
    if (planned.base && !planned.filesystem) continue;
    compare_filesystem(planned, probe_filesystem(fd, planned.start, planned.size), differences);
  }
  differences.throw_if_any();
}

}  // namespace composer::disk
