#include "composer/image_facts.h"

#include <algorithm>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/error.h"
#include "composer/inspect/signature.h"
#include "composer/lint/portable_executable.h"
#include "composer/lint/system.h"
#include "composer/lint_subject.h"
#include "composer/plan/partition_types.h"

namespace composer {
namespace {

using lint::PortableExecutable;

constexpr std::uint64_t kLargestProgram = 256 << 20;
constexpr std::size_t kMostPrograms = 256;
constexpr int kDeepestFolder = 4;  ///< \EFI\Linux and \EFI\VENDOR\FOLDER are deep enough.

/// What a program says of itself; of shim's own two helpers only the name tells which it is.
/// Sources: shim, SBAT.md; systemd-boot's section .sdmagic; UAPI Group, Unified Kernel Image.
std::string kind_of(const PortableExecutable& program, std::string_view name) {
  if (program.section(".linux")) return "unified kernel image";
  if (const auto magic = program.section(".sdmagic")) {
    return magic->find("systemd-boot") != std::string_view::npos ? "systemd-boot" : "systemd-stub";
  }
  const std::string_view sbat = program.section(".sbat").value_or(std::string_view());
  for (const auto& [word, kind] : {std::pair{"\nshim,", "shim"},
                                   {"\ngrub,", "GRUB"},
                                   {"\nsystemd-boot,", "systemd-boot"},
                                   {"\nlinux,", "kernel"},
                                   {"\nfwupd", "fwupd"}}) {
    if (sbat.find(word) == std::string_view::npos) continue;
    if (kind == std::string_view("shim") && name.starts_with("mm")) return "MokManager";
    if (kind == std::string_view("shim") && name.starts_with("fb")) return "shim's fallback";
    return kind;
  }
  return {};
}

std::string machine_of(std::uint16_t machine) {
  return machine == 0x8664 ? "x86_64" : machine == 0xaa64 ? "aarch64" : std::string();
}

bool is_program_name(std::string_view name) {
  return name.size() > 4 && name[name.size() - 4] == '.' && (name[name.size() - 3] | 32) == 'e' &&
         (name[name.size() - 2] | 32) == 'f' && (name[name.size() - 1] | 32) == 'i';
}

void find_programs(const ReadRoot& root, const std::string& folder, int depth,
                   std::vector<EfiProgram>& found) {
  for (const std::string& name : root.list(folder)) {
    const std::string path = folder + '/' + name;
    const auto status = root.link_status(path);
    if (!status || found.size() >= kMostPrograms) continue;
    if (status->kind == FileKind::directory && depth < kDeepestFolder) {
      find_programs(root, path, depth + 1, found);
    }
    if (status->kind != FileKind::regular || !is_program_name(name) ||
        status->size > kLargestProgram) {
      continue;
    }
    const auto bytes = root.read(path);
    const auto program = bytes ? lint::read_portable_executable(*bytes) : std::nullopt;
    if (!program) continue;
    found.push_back({path, kind_of(*program, name), machine_of(program->machine),
                     !program->certificates.empty()});
  }
}

/// Runs one part of the look; what it cannot read becomes a problem, and the others go on.
template <typename Part>
void attempt(ImageFacts& facts, Part&& part) {
  try {
    part();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::host) throw;
    facts.problems.emplace_back(error.what());
  }
}

/// Of rpm with everything; of dpkg what lint knows of them.
void read_packages(const lint::Subject& subject, ImageFacts& facts) {
  facts.packages = installed_packages(*subject.root, facts.packages_problem);
  if (facts.packages) return;
  facts.packages_problem = subject.packages_problem;
  if (!subject.packages) return;
  facts.packages.emplace();
  for (const lint::InstalledPackage& package : *subject.packages) {
    facts.packages->push_back({package.name, 0, package.version, package.release, {}});
  }
}

void read_system(const LintSubject& open, ImageFacts& facts) {
  lint::System system(open.subject);
  attempt(facts, [&] { facts.os_release = system.os_release(); });
  attempt(facts, [&] { facts.architecture = system.architecture(); });
  attempt(facts, [&] {
    for (const lint::KernelFacts& kernel : system.kernels()) {
      facts.kernels.push_back({kernel.version, kernel.image});
    }
  });
  attempt(facts, [&] {
    const lint::BootEntries& entries = system.boot_entries();
    facts.boot_entries = entries.entries;
    facts.problems.insert(facts.problems.end(), entries.problems.begin(), entries.problems.end());
  });
  if (!open.subject.esp.empty()) {
    attempt(facts, [&] { find_programs(system.root(), open.subject.esp, 0, facts.efi_programs); });
  }
  attempt(facts, [&] { read_packages(open.subject, facts); });
}

/// What can be told of a disk whose root filesystem cannot be found or read.
void read_disk_alone(const std::filesystem::path& path, ImageFacts& facts) {
  const inspect::DiskImage image = inspect::open_disk_image(path);
  facts.container = image.facts;
  facts.disk = inspect::read_disk_facts(*image.disk, image.facts.logical_sector);
  const auto add = [&](int number, Bytes start, Bytes size) {
    const auto part = inspect::part_of(*image.disk, start, size);
    auto filesystem = inspect::recognise_filesystem(*part);
    if (!filesystem) return;
    filesystem->partition = number;
    filesystem->offset = start;
    filesystem->size = size;
    facts.filesystems.push_back(std::move(*filesystem));
  };
  if (facts.disk->kind == inspect::TableKind::none) {
    attempt(facts, [&] { add(0, {0}, image.disk->size()); });
  }
  for (const inspect::PartitionFacts& partition : facts.disk->partitions) {
    if (partition.size.count == 0) continue;
    attempt(facts, [&] { add(partition.number, partition.start, partition.size); });
  }
}

}  // namespace

ImageFacts read_image_facts(const std::filesystem::path& path, Progress& progress) {
  ImageFacts facts;
  facts.name = path.string();
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
    facts.file_size = {static_cast<std::uint64_t>(status.st_size)};
    facts.allocated = {static_cast<std::uint64_t>(status.st_blocks) * 512};  // stat(2)
  }
  const LintSubject open = open_lint_subject(path, progress);
  if (open.image) {
    facts.source = open.image->source();
    facts.container = open.image->container();
    facts.disk = open.image->disk();
    facts.filesystems = open.image->filesystems();
    facts.problems = open.image->problems();
    read_system(open, facts);
  } else {
    read_disk_alone(path, facts);
    facts.problems.push_back(open.subject.root_problem);
  }
  if (facts.disk) {
    facts.bios_boot_code = facts.disk->has_boot_code();
    facts.problems.insert(facts.problems.begin(), facts.disk->problems.begin(),
                          facts.disk->problems.end());
  }
  if (facts.container) {
    facts.problems.insert(facts.problems.begin(), facts.container->problems.begin(),
                          facts.container->problems.end());
  }
  return facts;
}

std::string partition_type_name(inspect::TableKind table, const std::string& type) {
  const PartitionTableType kind =
      table == inspect::TableKind::mbr ? PartitionTableType::mbr : PartitionTableType::gpt;
  const auto same = [&](std::string_view id) {
    return id.size() == type.size() &&
           std::equal(id.begin(), id.end(), type.begin(),
                      [](char a, char b) { return (a | 32) == (b | 32); });
  };
  // The plainest first: an MBR has one type for most of them.
  for (const PartitionType known :
       {PartitionType::linux_data, PartitionType::esp, PartitionType::bios_boot,
        PartitionType::xbootldr, PartitionType::root, PartitionType::home, PartitionType::srv,
        PartitionType::var, PartitionType::swap}) {
    for (const Architecture arch : {Architecture::x86_64, Architecture::aarch64}) {
      if (same(partition_type_id(kind, known, arch))) return std::string(to_text(known));
    }
  }
  return type;
}

}  // namespace composer
