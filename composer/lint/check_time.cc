#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>
#include <map>

#include "composer/error.h"
#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Group 20: what chrony is told.

namespace composer::lint {
namespace {

constexpr int kDeepest = 8;
/// Files that include each other in all ways are read once for each way.
constexpr int kMostFiles = 1000;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

/// The lines of chrony's configuration with everything that it includes, words divided by one
/// space, the first in lower case. What `sourcedir` brings are servers alone.
/// Source: chrony 4.6, chrony.conf(5), "include", "confdir", "sourcedir".
class ChronyLines {
 public:
  explicit ChronyLines(System& system) : system_(system) {
    for (const char* path : {"/etc/chrony.conf", "/etc/chrony/chrony.conf"}) {
      if (!found_) read(path, 0);
    }
  }

  bool found() const { return found_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void read(const std::string& path, int depth) {
    if (depth > kDeepest) return;
    if (++files_ > kMostFiles) {
      throw Error(ErrorKind::build, "chrony's configuration includes its files without end");
    }
    const auto text = system_.text(path);
    if (!text) return;
    found_ = true;
    for (const std::string_view line : settings_of(*text)) {
      if (line.front() == '!' || line.front() == ';' || line.front() == '%') continue;
      const auto words = words_of(line);
      std::string joined = lower(words[0]);
      const std::string directive = joined;
      for (std::size_t i = 1; i < words.size(); ++i) joined += fmt::format(" {}", words[i]);
      lines_.push_back(std::move(joined));
      if (directive == "include" && words.size() > 1) include(std::string(words[1]), depth);
      if (directive == "confdir") read_folders({words.begin() + 1, words.end()}, depth);
    }
  }

  void include(const std::string& pattern, int depth) {
    const std::size_t slash = pattern.rfind('/');
    if (slash == std::string::npos) return;
    const std::string folder = pattern.substr(0, slash), glob = pattern.substr(slash + 1);
    for (const std::string& name : system_.root().list(folder)) {
      if (::fnmatch(glob.c_str(), name.c_str(), FNM_PERIOD) == 0) {
        read(fmt::format("{}/{}", folder, name), depth + 1);
      }
    }
  }

  /// Of files of one name in several folders only the first is read; all by their names.
  void read_folders(const std::vector<std::string_view>& folders, int depth) {
    std::map<std::string, std::string> files;
    for (const std::string_view folder : folders) {
      for (const std::string& name : system_.root().list(folder)) {
        if (name.ends_with(".conf")) files.try_emplace(name, fmt::format("{}/{}", folder, name));
      }
    }
    for (const auto& [name, path] : files) read(path, depth + 1);
  }

  System& system_;
  bool found_ = false;
  int files_ = 0;
  std::vector<std::string> lines_;
};

/// Whether the line takes its time from that device, whose name options may follow (`:pps`).
bool is_clock(std::string_view line, std::string_view device) {
  const auto words = words_of(line);
  return words.size() > 2 && words[0] == "refclock" && words[1] == "PHC" &&
         words[2].substr(0, words[2].find(':')) == device;
}

}  // namespace

Verdict check_ptp_clock(const Examination& examination) {
  const ChronyLines chrony(examination.system);
  if (!chrony.found()) return inapplicable("there is no configuration of chrony");
  for (const std::string& line : chrony.lines()) {
    if (is_clock(line, "/dev/ptp_hyperv")) return passed();
  }
  for (const std::string& line : chrony.lines()) {
    if (line.starts_with("refclock PHC ")) return failed(fmt::format("there is '{}'", shown(line)));
  }
  return failed("there is no refclock PHC /dev/ptp_hyperv");
}

Verdict check_chrony_makestep(const Examination& examination) {
  const ChronyLines chrony(examination.system);
  if (!chrony.found()) return inapplicable("there is no configuration of chrony");
  std::string last;
  for (const std::string& line : chrony.lines()) {
    if (line.starts_with("makestep ")) last = line;
  }
  if (last.ends_with(" -1")) return passed();
  return failed(last.empty() ? std::string("there is no makestep")
                             : fmt::format("there is '{}'", shown(last)));
}

}  // namespace composer::lint
