#include "composer/plan/written_space.h"

#include <catch2/catch.hpp>

#include "composer/plan/size_estimate.h"

using namespace composer;
using Kind = rpm::PackagedFile::Kind;

namespace {

PlannedPartition partition(std::string label, Bytes size, FilesystemType type, std::string mount) {
  PlannedPartition made;
  made.label = std::move(label);
  made.size = size;
  made.filesystem.emplace();
  made.filesystem->type = type;
  made.filesystem->mount = std::move(mount);
  return made;
}

rpm::PackagedFile file(std::string path, Bytes size) {
  return {.path = std::move(path), .kind = Kind::regular, .size = size};
}

/// A partition's text stands on the line of its place in the list, from 1; its size a line of its
/// own after 100.
std::string refusal(const Plan& plan, const std::vector<rpm::PackageContents>& packages) {
  DiskRequest request;
  const auto line = [](int number) {
    return Span{std::make_shared<const SourceText>(SourceText{"vm.yaml", ""}), number, 1, 1};
  };
  int number = 0;
  for (const PlannedPartition& planned : plan.disk.partitions) {
    PartitionRequest& made = request.partitions.emplace_back();
    made.label.value = planned.label;
    made.at = line(++number);
    if (planned.label != "rest") made.size = {planned.size, line(100 + number)};
  }
  try {
    check_written_space(plan, request, packages);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
  return {};
}

Plan two_partitions() {
  Plan plan;
  plan.disk.partitions = {partition("var", MiB(64), FilesystemType::ext4, "/var"),
                          partition("rest", MiB(512), FilesystemType::ext4, "/")};
  return plan;
}

}  // namespace

TEST_CASE("files are counted where they go, in whole blocks, and each directory once") {
  const Plan plan = two_partitions();
  const std::vector<rpm::PackageContents> packages = {
      {"big-1-1.x86_64", {file("/usr/lib/big/data", MiB(300)), file("/usr/share/x", Bytes{1})}},
      {"log-1-1.x86_64",
       {file("/var/log/old", MiB(60)),
        file("/var/lib/db/x", MiB(3)),
        {.path = "/var/log", .kind = Kind::directory}}},
      {"log-2-1.x86_64", {{.path = "/var/log", .kind = Kind::directory}}}};
  CHECK(refusal(plan, packages) ==
        "vm.yaml:101:1: error: partition 'var' needs 63.0 MiB for what is installed in it, and has "
        "room for 57.1 MiB\n"
        "  largest directories: /var/log 60 MiB, /var/lib 3 MiB, /var 4 KiB\n"
        "  largest packages: log-1-1.x86_64 63.0 MiB\n"
        "  hint: give it 71 MiB or more\n");
  Plan larger = plan;
  larger.disk.partitions[0].size = MiB(71);
  CHECK(refusal(larger, packages).empty());
}

TEST_CASE("every partition that is too small is named, and a rest asks for a larger disk") {
  const std::vector<rpm::PackageContents> packages = {
      {"a", {file("/bin/a", MiB(600)), file("/var/a", MiB(100))}}};
  const std::string text = refusal(two_partitions(), packages);
  CHECK_THAT(text, Catch::Contains("partition 'var' needs 100 MiB"));
  CHECK_THAT(text, Catch::Contains("vm.yaml:2:1: error: partition 'rest' needs 616 MiB"));
  CHECK_THAT(text, Catch::Contains("largest directories: /usr/bin 600 MiB, /usr/lib 16 MiB\n"));
  CHECK_THAT(text, Catch::Contains("or more, by a larger disk\n"));
}

TEST_CASE("a kernel is copied to /boot and brings an initramfs") {
  Plan plan = two_partitions();
  plan.disk.partitions.push_back(partition("boot", MiB(32), FilesystemType::ext4, "/boot"));
  const std::vector<rpm::PackageContents> packages = {
      {"kernel", {file("/lib/modules/6.12/vmlinuz", MiB(12))}}};
  const std::string text = refusal(plan, packages);
  CHECK_THAT(text, Catch::Contains("partition 'boot' needs 44 MiB"));
  CHECK_THAT(text, Catch::Contains("partition 'var' needs 80 MiB"));
  CHECK_THAT(text, !Catch::Contains("partition 'rest'"));
}

TEST_CASE("what the plan leaves out is not counted, nor what compression saves") {
  Plan plan = two_partitions();
  rpm::PackagedFile manual = file("/var/doc", MiB(200));
  manual.documentation = true;
  rpm::PackagedFile german = file("/var/de", MiB(200));
  german.languages = {"de", "de_AT"};
  CHECK_FALSE(refusal(plan, {{"a", {manual}}}).empty());
  CHECK_FALSE(refusal(plan, {{"a", {german}}}).empty());
  plan.installation.documentation = false;
  plan.installation.locales = std::vector<std::string>{"en"};
  CHECK(refusal(plan, {{"a", {manual, german}}}).empty());
  plan.installation.locales = std::vector<std::string>{"de"};
  CHECK_FALSE(refusal(plan, {{"a", {german}}}).empty());

  plan.disk.partitions[0] = partition("var", MiB(512), FilesystemType::btrfs, "");
  plan.disk.partitions[0].filesystem->subvolumes = {{"@var", "/var", {}}};
  const std::vector<rpm::PackageContents> packages = {{"a", {file("/var/x", MiB(700))}}};
  CHECK_FALSE(refusal(plan, packages).empty());
  plan.disk.partitions[0].filesystem->compression = "zstd";
  CHECK(refusal(plan, packages).empty());
}

TEST_CASE("headers that lie about sizes do not make a sum overflow") {
  std::vector<rpm::PackageContents> packages(1000);
  for (rpm::PackageContents& package : packages) {
    package.files.assign(100, file("/var/x", {INT64_MAX}));
  }
  const std::string text = refusal(two_partitions(), packages);
  CHECK_THAT(text, Catch::Contains("partition 'var' needs 1048576 TiB"));
}
