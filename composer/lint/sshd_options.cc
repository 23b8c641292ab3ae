#include "composer/lint/sshd_options.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fnmatch.h>

#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

constexpr int kDeepest = 16;  // sshd's own limit on Include.
constexpr std::uint64_t kLargest = 1 << 20;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

void read_into(const ReadRoot& root, const std::string& path, int depth,
               std::map<std::string, std::string>& options) {
  const auto status = root.status(path);
  if (depth > kDeepest || !status || status->kind != FileKind::regular || status->size > kLargest) {
    return;
  }
  const std::string text = root.read(path).value_or("");
  for (const std::string_view line : settings_of(text)) {
    const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
    const std::string key = lower(line.substr(0, end));
    std::string_view value = line.substr(end);
    value.remove_prefix(std::min(value.find_first_not_of(" \t="), value.size()));
    value = trimmed(value);
    if (key == "match") return;
    if (key != "include") {
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      options.emplace(key, value);
      continue;
    }
    for (const std::string_view pattern : words_of(value)) {
      const std::string full =
          pattern.starts_with('/') ? std::string(pattern) : fmt::format("/etc/ssh/{}", pattern);
      const std::size_t slash = full.rfind('/');
      const std::string folder = full.substr(0, slash), glob = full.substr(slash + 1);
      for (const std::string& name : root.list(folder)) {
        if (::fnmatch(glob.c_str(), name.c_str(), FNM_PERIOD) == 0) {
          read_into(root, fmt::format("{}/{}", folder, name), depth + 1, options);
        }
      }
    }
  }
}

}  // namespace

std::map<std::string, std::string> read_sshd_options(const ReadRoot& root) {
  std::map<std::string, std::string> options;
  read_into(root, "/etc/ssh/sshd_config", 0, options);
  return options;
}

}  // namespace composer::lint
