#include <array>
#include <fmt/format.h>
#include <set>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::keymap {
namespace {

constexpr std::string_view kFile = "/etc/vconsole.conf";
// Where loadkeys looks: kbd of Fedora and Azure Linux, its own default, and Debian's console-data.
constexpr std::array<std::string_view, 3> kFolders{"/usr/lib/kbd/keymaps", "/usr/share/kbd/keymaps",
                                                   "/usr/share/keymaps"};
constexpr std::array<std::string_view, 6> kSuffixes{".map.gz",  ".map",     ".map.xz",
                                                    ".map.zst", ".kmap.gz", ".kmap"};
constexpr int kDeepest = 8;
constexpr std::size_t kMostKeymaps = 10'000;

void collect(const Root& root, const std::string& folder, int depth, std::set<std::string>& names) {
  if (depth > kDeepest || names.size() > kMostKeymaps) return;
  for (const std::string& name : root.list(folder)) {
    const std::string path = folder + "/" + name;
    const auto status = root.link_status(path);
    if (status && status->kind == FileKind::directory) collect(root, path, depth + 1, names);
    for (const std::string_view suffix : kSuffixes) {
      if (name.ends_with(suffix)) names.insert(name.substr(0, name.size() - suffix.size()));
    }
  }
}

void check_is_there(const Root& root, const std::string& keymap) {
  std::set<std::string> names;
  for (const std::string_view folder : kFolders) collect(root, std::string(folder), 0, names);
  if (names.contains(keymap)) return;
  const auto near = nearest(keymap, {names.begin(), names.end()});
  throw Error(ErrorKind::usage, fmt::format("the keymap '{}' is not in the image", keymap),
              names.empty() ? "add 'kbd' to packages.install"
              : near        ? fmt::format("did you mean '{}'?", *near)
                            : "'localectl list-keymaps' lists what there is");
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.keymap.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  return {fmt::format("write to {}: KEYMAP={}", kFile, plan.system.keymap)};
}

// What else the file says (a font) stays.
void apply(const Plan& plan, Root& root, Progress&) {
  check_is_there(root, plan.system.keymap);
  const std::string there = root.read(kFile).value_or("");
  std::string text;
  for (const std::string_view line : lines_of(there)) {
    if (!line.starts_with("KEYMAP=")) text += fmt::format("{}\n", line);
  }
  text += fmt::format("KEYMAP={}\n", one_line(plan.system.keymap));
  write_with_parents(root, kFile, text, attributes_of(root, kFile, {}));
}

}  // namespace composer::tree::keymap
