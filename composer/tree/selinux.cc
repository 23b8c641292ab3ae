#include "composer/tree/selinux.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/selinux_labels.h"

namespace composer::tree {
namespace {

/// There where the running kernel has a policy. It lets nobody take a label away.
constexpr const char* kSelinuxOfHost = "/sys/fs/selinux/enforce";
constexpr std::string_view kConfig = "/etc/selinux/config";
constexpr std::string_view kModeKey = "SELINUX=";
constexpr std::string_view kPolicyKey = "SELINUXTYPE=";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<SelinuxMode> mode_of(std::string_view word) {
  for (const SelinuxMode mode :
       {SelinuxMode::enforcing, SelinuxMode::permissive, SelinuxMode::disabled}) {
    if (word == to_text(mode)) return mode;
  }
  return std::nullopt;
}

}  // namespace

SelinuxConfig read_selinux_config(const Root& root) {
  SelinuxConfig config;
  const std::string text = root.read(kConfig).value_or("");
  // The last one counts, as in libselinux (selinux_config.c).
  for (std::string_view line : lines_of(text)) {
    line = trimmed(line);
    if (line.starts_with(kModeKey)) config.mode = mode_of(trimmed(line.substr(kModeKey.size())));
    if (line.starts_with(kPolicyKey)) config.policy = trimmed(line.substr(kPolicyKey.size()));
  }
  const bool plain = std::all_of(config.policy.begin(), config.policy.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (!plain) {
    throw Error(ErrorKind::build,
                fmt::format("'{}' of the image names a policy '{}'", kConfig, config.policy),
                "give 'system.selinux' in the blueprint");
  }
  return config;
}

std::string with_selinux_config(std::string_view text, SelinuxMode mode, std::string_view policy) {
  std::string out;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view setting = trimmed(line);
    if (setting.starts_with(kModeKey) || setting.starts_with(kPolicyKey)) continue;
    out += fmt::format("{}\n", line);
  }
  return out + fmt::format("{}{}\n{}{}\n", kModeKey, to_text(mode), kPolicyKey, policy);
}

std::string file_contexts_of(std::string_view policy) {
  return fmt::format("/etc/selinux/{}/contexts/files/file_contexts", policy);
}

std::optional<std::string> labelling_policy(const Plan& plan, const Root& root,
                                            Progress& progress) {
  const SelinuxConfig config = read_selinux_config(root);
  if (!config.mode || *config.mode == SelinuxMode::disabled) return std::nullopt;
  if (!config.policy.empty() && root.exists(file_contexts_of(config.policy))) return config.policy;
  if (plan.system.selinux.mode) {
    throw Error(ErrorKind::build,
                fmt::format("the SELinux policy '{}' has no '{}' in the image", config.policy,
                            file_contexts_of(config.policy)),
                fmt::format("add 'selinux-policy-{}' to packages.install", config.policy));
  }
  progress.warning(
      fmt::format("'{}' asks for the policy '{}', which is not in the image: no file "
                  "has a label",
                  kConfig, config.policy));
  return std::nullopt;
}

void label_files(const Plan& plan, const std::filesystem::path& directory, Root& root,
                 Progress& progress) {
  with_context("while labelling the image's files", [&] {
    const std::optional<std::string> policy = labelling_policy(plan, root, progress);
    if (!policy) {
      if (::access(kSelinuxOfHost, F_OK) == 0) {
        progress.warning(
            "this machine's SELinux has labelled the image's files as its own: their labels mean "
            "nothing in the image");
      }
      return;
    }
    // Packages ask for labels at the first start by this file; they are here.
    if (root.link_status("/.autorelabel")) {
      root.remove("/.autorelabel");
      root.clamp_times(plan.source_date_epoch);  // Of the folder it was in.
    }
    const std::size_t count = set_labels(directory, file_contexts_of(*policy));
    progress.note(fmt::format("{} files labelled by the SELinux policy '{}'", count, *policy));
  });
}

}  // namespace composer::tree
