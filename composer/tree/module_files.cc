#include "composer/tree/module_files.h"

#include <algorithm>
#include <map>
#include <set>

#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

/// `hv_vmbus` for `kernel/drivers/hv/hv-vmbus.ko.xz`.
std::string name_of(std::string_view path) {
  path.remove_prefix(std::min(path.rfind('/') + 1, path.size()));
  std::string name(path.substr(0, path.find(".ko")));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    if (end != 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

std::vector<std::string> module_files(const std::vector<std::string>& names,
                                      const ModuleIndex& index) {
  struct Module {
    std::string file;
    std::vector<std::string> needs;
  };
  std::map<std::string, Module, std::less<>> modules;
  for (const std::string_view line : lines_of(index.dependencies)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    Module& module = modules[name_of(line.substr(0, colon))];
    module.file = line.substr(0, colon);
    for (const std::string_view need : words_of(line.substr(colon + 1))) {
      module.needs.push_back(name_of(need));
    }
  }
  for (const std::string_view line : lines_of(index.soft)) {
    // "softdep NAME pre: A B post: C", "weakdep NAME A B"
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() < 3 || (words[0] != "softdep" && words[0] != "weakdep")) continue;
    const auto module = modules.find(name_of(words[1]));
    if (module == modules.end()) continue;
    for (auto word = words.begin() + 2; word != words.end(); ++word) {
      if (!word->ends_with(':')) module->second.needs.push_back(name_of(*word));
    }
  }
  std::multimap<std::string, std::string, std::less<>> aliases;
  for (const std::string_view line : lines_of(index.aliases)) {
    // "alias PATTERN NAME"; a pattern is what a device says of itself, which nothing needs by name.
    const std::vector<std::string_view> words = words_of(line);
    if (words.size() != 3 || words[0] != "alias") continue;
    if (words[1].find_first_of("*?[") != std::string_view::npos) continue;
    aliases.emplace(name_of(words[1]), name_of(words[2]));
  }
  std::set<std::string> files, seen;
  std::vector<std::string> todo;
  for (const std::string& name : names) todo.push_back(name_of(name));
  while (!todo.empty()) {
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (!seen.insert(name).second) continue;
    const auto module = modules.find(name);
    if (module != modules.end()) {
      files.insert(module->second.file);
      todo.insert(todo.end(), module->second.needs.begin(), module->second.needs.end());
      continue;
    }
    const auto [first, last] = aliases.equal_range(name);
    for (auto alias = first; alias != last; ++alias) todo.push_back(alias->second);
  }
  return {files.begin(), files.end()};
}

}  // namespace composer::tree
