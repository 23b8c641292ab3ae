#include "composer/image_diff.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <nlohmann/json.hpp>

#include "composer/base/checksum.h"
#include "composer/base/one_line.h"
#include "composer/image_facts.h"
#include "composer/lint_subject.h"

namespace composer {
namespace {

/// Names to values, of one subject; what differs between two of them is told name by name.
using Aspects = std::map<std::string, std::string>;
/// By subject.
using Subjects = std::map<std::string, Aspects>;

void compare_subjects(const std::string& part, const Subjects& before, const Subjects& after,
                      ImageDifferences& found) {
  Subjects all = before;
  all.insert(after.begin(), after.end());
  for (const auto& [subject, unused] : all) {
    const auto a = before.find(subject), b = after.find(subject);
    if (a == before.end() || b == after.end()) {
      const auto text = [](const Aspects& aspects) {
        std::vector<std::string> words;
        for (const auto& [aspect, value] : aspects) {
          if (!value.empty()) words.push_back(aspect.empty() ? value : aspect + " " + value);
        }
        return fmt::format("{}", fmt::join(words, ", "));
      };
      found.differences.push_back(
          {part, subject, "", a == before.end() ? std::nullopt : std::optional(text(a->second)),
           b == after.end() ? std::nullopt : std::optional(text(b->second))});
      continue;
    }
    Aspects aspects = a->second;
    aspects.insert(b->second.begin(), b->second.end());
    for (const auto& [aspect, ignored] : aspects) {
      const auto value = [&aspect](const Aspects& of) {
        const auto it = of.find(aspect);
        return it == of.end() ? std::nullopt : std::optional(it->second);
      };
      if (value(a->second) != value(b->second)) {
        found.differences.push_back({part, subject, aspect, value(a->second), value(b->second)});
      }
    }
  }
}

Subjects of_image(const ImageFacts& facts) {
  Subjects subjects;
  if (!facts.container) return subjects;
  subjects["disk"]["format"] = std::string(inspect::to_text(facts.container->format));
  subjects["disk"]["virtual size"] = fmt::format("{}", facts.container->virtual_size.count);
  return subjects;
}

Subjects of_partitions(const ImageFacts& facts) {
  Subjects subjects;
  if (facts.disk) {
    subjects["partition table"] = {
        {"kind", facts.disk->kind == inspect::TableKind::gpt   ? "gpt"
                 : facts.disk->kind == inspect::TableKind::mbr ? "mbr"
                                                               : "none"},
        {"id", facts.disk->id},
        {"boot code", facts.bios_boot_code
                          ? "sha256 " + sha256_hex(facts.disk->boot_sector.substr(0, 440))
                          : std::string()}};
    for (const inspect::PartitionFacts& partition : facts.disk->partitions) {
      subjects[fmt::format("partition {:>3}", partition.number)] = {
          {"type", partition_type_name(facts.disk->kind, partition.type)},
          {"name", partition.name},
          {"uuid", partition.guid},
          {"start", fmt::format("{}", partition.start.count)},
          {"size", fmt::format("{}", partition.size.count)}};
    }
  }
  for (const inspect::FilesystemFacts& filesystem : facts.filesystems) {
    subjects[fmt::format("filesystem of partition {:>3}", filesystem.partition)] = {
        {"type", filesystem.type},
        {"uuid", filesystem.uuid},
        {"label", filesystem.label},
        {"mounted at", fmt::format("{}", fmt::join(filesystem.mounted_at, ", "))},
        {"features", fmt::format("{}", fmt::join(filesystem.features, ","))}};
  }
  return subjects;
}

Subjects of_system(const ImageFacts& facts) {
  Subjects subjects;
  if (facts.architecture.empty()) return subjects;
  subjects["architecture"][""] = facts.architecture;
  for (const auto& [key, value] : facts.os_release) subjects["os-release"][key] = value;
  for (const InstalledKernel& kernel : facts.kernels) {
    subjects["kernel " + kernel.version]["image"] = kernel.image;
  }
  return subjects;
}

Subjects of_boot(const ImageFacts& facts) {
  Subjects subjects;
  for (const EfiProgram& program : facts.efi_programs) {
    subjects[program.path] = {{"kind", program.kind}, {"signed", program.is_signed ? "yes" : "no"}};
  }
  // The same file may have several entries: they are told by their order in it.
  std::map<std::string, int> count;
  for (const lint::BootEntry& entry : facts.boot_entries) {
    const int number = ++count[entry.place];
    const std::string subject =
        number == 1 ? entry.place : fmt::format("{}, entry {}", entry.place, number);
    subjects[subject] = {
        {"kernel", entry.kernel},
        {"initramfs", fmt::format("{}", fmt::join(entry.initramfs, " "))},
        {"kernel command line", fmt::format("{}", fmt::join(entry.arguments, " "))}};
  }
  return subjects;
}

/// Several of one name (kernels) are one subject with all their versions.
Subjects of_packages(const ImageFacts& facts) {
  Subjects subjects;
  if (!facts.packages) return subjects;
  for (const rpm::InstalledPackage& package : *facts.packages) {
    std::string& versions = subjects[package.name][""];
    const std::string epoch = package.epoch == 0 ? "" : fmt::format("{}:", package.epoch);
    versions += fmt::format("{}{}{}-{}.{}", versions.empty() ? "" : " ", epoch, package.version,
                            package.release, package.arch);
  }
  return subjects;
}

}  // namespace

ImageDifferences compare_images(const std::filesystem::path& before,
                                const std::filesystem::path& after, Progress& progress) {
  ImageDifferences found{before.string(), after.string(), {}, {}};
  const ImageFacts a = read_image_facts(before, progress), b = read_image_facts(after, progress);
  compare_subjects("image", of_image(a), of_image(b), found);
  compare_subjects("partitions", of_partitions(a), of_partitions(b), found);
  compare_subjects("system", of_system(a), of_system(b), found);
  compare_subjects("boot", of_boot(a), of_boot(b), found);
  if (a.packages.has_value() == b.packages.has_value()) {
    compare_subjects("packages", of_packages(a), of_packages(b), found);
  } else {
    const ImageFacts& without = a.packages ? b : a;
    found.problems.push_back(fmt::format("the packages of '{}' are unknown: {}", without.name,
                                         without.packages_problem));
  }
  const LintSubject from = open_lint_subject(before, progress);
  const LintSubject to = open_lint_subject(after, progress);
  if (from.subject.root != nullptr && to.subject.root != nullptr) {
    compare_trees(*from.subject.root, *to.subject.root, found);
  }
  for (const LintSubject* side : {&from, &to}) {
    if (side->subject.root != nullptr) continue;
    found.problems.push_back(fmt::format("the files of '{}' are unknown: {}", side->subject.name,
                                         side->subject.root_problem));
  }
  return found;
}

std::string describe(const ImageDifferences& differences) {
  std::string out, part;
  for (const Difference& difference : differences.differences) {
    if (difference.part != part) {
      part = difference.part;
      out += fmt::format("{}{}:\n", out.empty() ? "" : "\n", part);
    }
    const std::string subject = one_line(difference.subject, 4096);
    const std::string name = difference.aspect.empty()
                                 ? subject
                                 : fmt::format("{}: {}", subject, one_line(difference.aspect));
    constexpr std::size_t kMost = 4096;
    if (difference.before && difference.after) {
      out += fmt::format("  ~ {}: {} -> {}\n", name, one_line(*difference.before, kMost),
                         one_line(*difference.after, kMost));
    } else {
      const std::string& value = difference.before ? *difference.before : *difference.after;
      out += fmt::format("  {} {}{}{}\n", difference.before ? '-' : '+', name,
                         value.empty() ? "" : ": ", one_line(value, kMost));
    }
  }
  if (!differences.problems.empty())
    out += fmt::format("{}not compared:\n", out.empty() ? "" : "\n");
  for (const std::string& problem : differences.problems) {
    out += fmt::format("  {}\n", one_line(problem, 4096));
  }
  return out;
}

std::string to_json(const ImageDifferences& differences) {
  using Json = nlohmann::ordered_json;
  Json json = {{"format", 1},
               {"before", differences.before},
               {"after", differences.after},
               {"same", differences.same()},
               {"differences", Json::array()},
               {"problems", differences.problems}};
  for (const Difference& difference : differences.differences) {
    Json entry = {{"part", difference.part}, {"subject", difference.subject}};
    if (!difference.aspect.empty()) entry["aspect"] = difference.aspect;
    entry["before"] = difference.before ? Json(*difference.before) : Json(nullptr);
    entry["after"] = difference.after ? Json(*difference.after) : Json(nullptr);
    json["differences"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace composer
