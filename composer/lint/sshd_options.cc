#include "composer/lint/sshd_options.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fnmatch.h>

#include "composer/error.h"
#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

constexpr int kDeepest = 16;  // sshd's own limit on Include.
/// Files that include each other in all ways are read once for each way.
constexpr int kMostFiles = 1000;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return out;
}

/// Without the comment that OpenSSH 8.5 and later allow behind a value.
std::string_view without_comment(std::string_view value) {
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"') quoted = !quoted;
    if (!quoted && value[i] == '#' && (i == 0 || value[i - 1] == ' ' || value[i - 1] == '\t')) {
      return value.substr(0, i);
    }
  }
  return value;
}

std::string_view without_quotes(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

class SshdReading {
 public:
  explicit SshdReading(const ReadRoot& root) : root_(root) {}

  void read(const std::string& path, int depth) {
    if (depth > kDeepest) return;
    if (++files_ > kMostFiles) {
      throw Error(ErrorKind::build, "sshd's configuration includes its files without end");
    }
    const auto text = read_config(root_, path);
    if (!text) return;
    for (const std::string_view line : settings_of(*text)) {
      const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
      const std::string key = lower(line.substr(0, end));
      std::string_view value = line.substr(end);
      value.remove_prefix(std::min(value.find_first_not_of(" \t="), value.size()));
      value = trimmed(without_comment(value));
      // What a Match block says, in an included file up to its end, is of some connections.
      if (key == "match") return;
      if (key == "include") {
        for (const std::string_view pattern : words_of(value))
          include(without_quotes(pattern), depth);
      } else {
        options.emplace(key, without_quotes(value));
      }
    }
  }

  std::map<std::string, std::string> options;

 private:
  void include(std::string_view pattern, int depth) {
    const std::string full =
        pattern.starts_with('/') ? std::string(pattern) : fmt::format("/etc/ssh/{}", pattern);
    const std::size_t slash = full.rfind('/');
    const std::string folder = full.substr(0, slash), glob = full.substr(slash + 1);
    for (const std::string& name : root_.list(folder)) {
      if (::fnmatch(glob.c_str(), name.c_str(), FNM_PERIOD) == 0) {
        read(fmt::format("{}/{}", folder, name), depth + 1);
      }
    }
  }

  const ReadRoot& root_;
  int files_ = 0;
};

}  // namespace

std::string sshd_config_path(const ReadRoot& root) {
  // SUSE keeps the one that its package brings in /usr/etc.
  for (const char* path : {"/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"}) {
    if (root.exists(path)) return path;
  }
  return {};
}

std::map<std::string, std::string> read_sshd_options(const ReadRoot& root) {
  SshdReading reading(root);
  if (const std::string path = sshd_config_path(root); !path.empty()) reading.read(path, 0);
  return std::move(reading.options);
}

int sshd_seconds(std::string_view text) {
  // sshd_config(5), "TIME FORMATS": numbers with units, added; without a unit, seconds.
  constexpr int kMost = 100'000'000;
  int total = 0;
  for (std::size_t at = 0; at < text.size();) {
    int number = 0;
    const std::size_t begin = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      number = std::min(number * 10 + (text[at] - '0'), kMost / 10);
    }
    if (at == begin) return -1;
    int factor = 1;
    if (at < text.size()) {
      switch (std::tolower(static_cast<unsigned char>(text[at++]))) {
        case 's':
          break;
        case 'm':
          factor = 60;
          break;
        case 'h':
          factor = 60 * 60;
          break;
        case 'd':
          factor = 24 * 60 * 60;
          break;
        case 'w':
          factor = 7 * 24 * 60 * 60;
          break;
        default:
          return -1;
      }
    }
    total = number > (kMost - total) / factor ? kMost : total + number * factor;
  }
  return text.empty() ? -1 : total;
}

}  // namespace composer::lint
