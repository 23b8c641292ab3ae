#include "composer/disk/change_partition_table.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/partition_table.h"
#include "composer/disk/read_back.h"
#include "composer/error.h"
#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/disk/layouts.h"

using namespace composer;
using namespace composer::disk;

namespace {

std::string output_of(std::vector<std::string> arguments) {
  SilentProgress progress;
  const host::CommandOutput output =
      host::CommandRunner(progress).run({.arguments = std::move(arguments)});
  INFO(output.standard_output << output.standard_error);
  CHECK(output.status == 0);
  return output.standard_output + output.standard_error;
}

/// A layout of partitions without filesystems, all of which are there before; each of 1 MiB, so
/// that a test can look at every byte.
PlannedDisk as_base(PlannedDisk layout) {
  for (PlannedPartition& partition : layout.partitions) partition.size = MiB(1);
  layout = test::disk_of(layout.table, layout.id, std::move(layout.partitions));
  for (PlannedPartition& partition : layout.partitions) {
    partition.filesystem.reset();
    partition.base = PlannedOrigin{partition.size, partition.uuid, ""};
  }
  return layout;
}

/// A disk of a scratch folder with the table of `layout`.
struct Subject {
  explicit Subject(const PlannedDisk& layout)
      : existing{scratch.path() / "disk", layout.size, layout.id},
        fd(open_file(existing.file, O_RDWR | O_CREAT)) {
    REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(layout.size.count)) == 0);
    write_partition_table(fd.get(), layout);
  }
  void change_to(const PlannedDisk& layout) {
    REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(layout.size.count)) == 0);
    change_partition_table(fd.get(), layout, existing);
  }
  std::string problem_of(const PlannedDisk& layout) {
    try {
      change_to(layout);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }
  std::string path() const { return existing.file.string(); }
  std::string first_bytes(std::size_t count) const {
    std::string bytes(count, '\0');
    REQUIRE(::pread(fd.get(), bytes.data(), count, 0) == static_cast<ssize_t>(count));
    return bytes;
  }

  test::ScratchFolder scratch;
  ExistingDisk existing;
  FileDescriptor fd;
};

PlannedPartition added_partition(const PlannedDisk& layout, std::string type_id, std::string uuid) {
  PlannedPartition added = test::partition("added", PartitionType::linux_data, std::move(type_id),
                                           std::move(uuid), MiB(16));
  added.number = static_cast<int>(layout.partitions.size()) + 1;
  added.start = layout.partitions.back().start + layout.partitions.back().size;
  return added;
}

}  // namespace

TEST_CASE("a table in which nothing differs stays the same bytes") {
  const auto layout = GENERATE(as_base(test::everything()), as_base(test::mbr()));
  Subject subject(layout);
  const std::string before = read_file(subject.existing.file);
  subject.change_to(layout);
  CHECK((read_file(subject.existing.file) == before));
}

TEST_CASE("a GPT is changed where it differs, to three readers, and keeps the rest") {
  PlannedDisk layout = as_base(test::everything());
  Subject subject(layout);
  // Boot code, attributes and a name that nothing of ours knows.
  const std::string boot_code(440, 'b');
  write_all_at(subject.fd.get(), boot_code, 0, "boot code");
  output_of({"sfdisk", "-q", "--part-attrs", subject.path(), "3", "LegacyBIOSBootable,GUID:59"});
  output_of({"sfdisk", "-q", "--part-label", subject.path(), "8", "Großer Rest"});
  layout.partitions[7].label = "Großer Rest";

  layout.id = "33333333-0000-8000-8000-00000000000d";
  for (PlannedPartition& partition : layout.partitions) partition.uuid[0] = '3';
  layout.partitions[7].size += MiB(500);
  layout.partitions.push_back(added_partition(layout, "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
                                              "33333333-0000-8000-8000-000000000009"));
  layout.size += GiB(1);
  subject.change_to(layout);

  CHECK_NOTHROW(check_as_planned(subject.fd.get(), layout));
  CHECK_THAT(output_of({"sfdisk", "--verify", subject.path()}),
             Catch::Contains("No errors detected") && !Catch::Contains("backup"));
  CHECK_THAT(output_of({"sgdisk", "-v", subject.path()}), Catch::Contains("No problems found"));
  const std::string dump = output_of({"sfdisk", "--dump", subject.path()});
  CHECK_THAT(dump, Catch::Contains(fmt::format("last-lba: {}\n", layout.size.count / 512 - 34)) &&
                       Catch::Contains("name=\"boot\", attrs=\"LegacyBIOSBootable GUID:59\"") &&
                       Catch::Contains("name=\"Gro\\xc3\\x9fer Rest\"") &&
                       Catch::Contains("name=\"added\""));
  CHECK((subject.first_bytes(440) == boot_code));
}

TEST_CASE("a GPT on a disk that grew has its backup at the new end, whatever else differs") {
  PlannedDisk layout = as_base(test::esp_and_root(FilesystemType::ext4, MiB(64)));
  Subject subject(layout);
  layout.size += MiB(3);
  subject.change_to(layout);
  CHECK_THAT(output_of({"sfdisk", "--verify", subject.path()}),
             Catch::Contains("No errors detected") && !Catch::Contains("backup"));
  CHECK_THAT(output_of({"sgdisk", "-v", subject.path()}), Catch::Contains("No problems found"));
  CHECK_THAT(output_of({"sfdisk", "--dump", subject.path()}),
             Catch::Contains(fmt::format("last-lba: {}\n", layout.size.count / 512 - 34)));
}

TEST_CASE("an MBR is changed where it differs, and keeps boot code and active partition") {
  PlannedDisk layout = as_base(test::mbr());
  layout.partitions.pop_back();
  Subject subject(layout);
  const std::string boot_code(440, 'b');
  write_all_at(subject.fd.get(), boot_code, 0, "boot code");
  output_of({"sfdisk", "-q", "--activate", subject.path(), "2"});

  layout.id = "0xcafe1234";
  for (PlannedPartition& partition : layout.partitions) partition.uuid.replace(0, 8, "cafe1234");
  layout.partitions[2].size += MiB(100);
  layout.partitions.push_back(added_partition(layout, "83", "cafe1234-04"));
  layout.size += GiB(1);
  subject.change_to(layout);

  CHECK_NOTHROW(check_as_planned(subject.fd.get(), layout));
  CHECK_THAT(output_of({"sfdisk", "--verify", subject.path()}),
             Catch::Contains("No errors detected"));
  CHECK_THAT(
      output_of({"sfdisk", "--dump", subject.path()}),
      Catch::Contains("size=        2048, type=82, bootable\n") && Catch::Contains("type=ea\n"));
  CHECK((subject.first_bytes(440) == boot_code));
}

TEST_CASE("a disk that the layout was not planned for is refused and stays as it is") {
  const PlannedDisk layout = as_base(test::esp_and_root(FilesystemType::ext4, MiB(64)));
  Subject subject(layout);
  const std::string before = read_file(subject.existing.file);
  const std::string disk = subject.path();
  PlannedDisk other = layout;
  other.table = PartitionTableType::mbr;
  CHECK(subject.problem_of(other) == "'" + disk + "' has no MBR partition table");
  other = layout;
  other.partitions[1].start += MiB(1);
  CHECK(subject.problem_of(other) ==
        "partition 'root' is not where it was planned: 1048576 bytes at 3145728");
  other = layout;
  other.partitions[1].number = 3;
  other.partitions[1].label.clear();
  CHECK(subject.problem_of(other) ==
        "partition '3' is not where it was planned: 1048576 bytes at 2097152");
  other = layout;
  other.partitions[0].size += MiB(1);
  CHECK_THAT(subject.problem_of(other), Catch::StartsWith("cannot resize partition 'esp': "));
  other = layout;
  other.partitions[1].base.reset();
  CHECK_THAT(subject.problem_of(other), Catch::StartsWith("cannot add partition 'root': "));
  subject.existing.id = "44444444-0000-8000-8000-00000000000d";
  CHECK(subject.problem_of(layout) ==
        "'" + disk +
            "' has the disk id '11111111-0000-8000-8000-00000000000d', not "
            "'44444444-0000-8000-8000-00000000000d' as planned");
  CHECK((read_file(subject.existing.file) == before));
}
