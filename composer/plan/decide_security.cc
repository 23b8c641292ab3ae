#include "composer/plan/decide_security.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/certificate.h"
#include "composer/base/file_descriptor.h"
#include "composer/base/source_folder.h"

namespace composer {
namespace {

/// A bundle of all the authorities that browsers know has 220 KiB.
constexpr Bytes kLargestCertificates = MiB(4);

bool has_argument(std::string_view command_line, std::string_view name) {
  return fmt::format(" {} ", command_line).find(fmt::format(" {}", name)) != std::string::npos;
}

}  // namespace

std::vector<PlannedCaCertificate> plan_ca_certificates(
    const std::vector<CaCertificateRequest>& requests, const std::filesystem::path& folder) {
  std::vector<PlannedCaCertificate> planned;
  std::vector<Problem> problems;
  for (const CaCertificateRequest& request : requests) {
    if (!request.source) {
      planned.push_back({request.name.value, request.content ? request.content->value : ""});
      continue;
    }
    try {
      std::string text = read_file_beneath(folder_of(request.source->at, folder),
                                           request.source->value, kLargestCertificates);
      if (const auto mistake = mistake_in_certificates(text)) {
        throw Error(ErrorKind::usage, fmt::format("'{}': {}", request.source->value, mistake->what),
                    mistake->hint);
      }
      planned.push_back({request.name.value, std::move(text)});
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        problem.at = request.source->at;
        problems.push_back(std::move(problem));
      }
    }
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
  return planned;
}

PlannedSelinux plan_selinux(const SelinuxRequest& request) {
  PlannedSelinux planned;
  if (request.mode) planned.mode = request.mode->value;
  if (request.policy) planned.policy = request.policy->value;
  if (planned.mode && planned.policy.empty()) planned.policy = "targeted";
  return planned;
}

void check_security_packages(const SystemRequest& request,
                             const std::vector<PlannedPackage>& packages) {
  const auto installed = [&](auto&& fits) {
    return std::any_of(packages.begin(), packages.end(),
                       [&](const PlannedPackage& package) { return fits(package.name); });
  };
  std::vector<Problem> problems;
  if (request.fips && request.fips->value &&
      !installed([](const std::string& name) { return name == "dracut-fips"; })) {
    Problem problem;
    problem.message = "'fips' needs the package 'dracut-fips', which the plan does not have";
    problem.at = request.fips->at;
    problem.hint = "add 'dracut-fips' to packages.install";
    problems.push_back(std::move(problem));
  }
  // Azure Linux 3.0 has its policy in `selinux-policy` itself, 4.0 and Fedora one package for each.
  const auto& mode = request.selinux.mode;
  if (mode && mode->value != SelinuxMode::disabled &&
      !installed([](const std::string& name) { return name.starts_with("selinux-policy"); })) {
    Problem problem;
    problem.message = fmt::format(
        "'{}' needs an SELinux policy, and the plan has no package of one", to_text(mode->value));
    problem.at = mode->at;
    problem.hint = fmt::format("add 'selinux-policy-{}' to packages.install",
                               plan_selinux(request.selinux).policy);
    problems.push_back(std::move(problem));
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

bool has_fips(const PlannedBoot& boot) {
  return fmt::format(" {} ", boot.kernel_command_line).find(" fips=1 ") != std::string::npos;
}

std::string with_fips_arguments(std::string command_line, const PlannedDisk& disk) {
  const auto add = [&](const std::string& argument) {
    if (!command_line.empty()) command_line += ' ';
    command_line += argument;
  };
  if (!has_argument(command_line, "fips=")) add("fips=1");
  // dracut checks the kernel's digest, and has to find it: it mounts what `boot=` names.
  const PlannedPartition* boot = disk.mounted_at("/boot");
  if (boot && !has_argument(command_line, "boot=")) {
    add(fmt::format("boot=UUID={}", boot->filesystem->uuid));
  }
  return command_line;
}

}  // namespace composer
