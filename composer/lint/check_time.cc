#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Group 20: what chrony is told.

namespace composer::lint {
namespace {

constexpr int kDeepest = 8;

/// The lines of chrony's configuration with everything that it includes, words divided by one
/// space. Source: chrony 4.6, chrony.conf(5), "include", "confdir", "sourcedir".
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
    const auto text = system_.text(path);
    if (!text || depth > kDeepest) return;
    found_ = true;
    for (const std::string_view line : settings_of(*text)) {
      if (line.front() == '!' || line.front() == ';' || line.front() == '%') continue;
      std::string joined;
      const auto words = words_of(line);
      for (const std::string_view word : words) {
        joined += fmt::format("{}{}", joined.empty() ? "" : " ", word);
      }
      if (words.size() > 1 && words[0] == "include") include(std::string(words[1]), depth);
      if (words[0] == "confdir" || words[0] == "sourcedir") {
        for (std::size_t i = 1; i < words.size(); ++i) {
          include(fmt::format("{}/*.{}", words[i], words[0] == "confdir" ? "conf" : "sources"),
                  depth);
        }
      }
      lines_.push_back(std::move(joined));
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

  System& system_;
  bool found_ = false;
  std::vector<std::string> lines_;
};

}  // namespace

Verdict check_ptp_clock(const Examination& examination) {
  const ChronyLines chrony(examination.system);
  if (!chrony.found()) return inapplicable("there is no configuration of chrony");
  for (const std::string& line : chrony.lines()) {
    if (line.starts_with("refclock PHC /dev/ptp_hyperv")) return passed();
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
    if (line.starts_with("makestep")) last = line;
  }
  if (last.ends_with(" -1")) return passed();
  return failed(last.empty() ? std::string("there is no makestep")
                             : fmt::format("there is '{}'", shown(last)));
}

}  // namespace composer::lint
