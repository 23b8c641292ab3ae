#include "composer/tree/esp_paths.h"

#include "composer/tree/root_files.h"

namespace composer::tree {

std::string path_on_esp(const Root& root, std::string mount, std::string_view path) {
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    if (name.empty()) continue;
    const std::string there = find_ignoring_case(root, mount, name);
    mount += "/" + (there.empty() ? std::string(name) : there);
  }
  return mount;
}

void write_on_esp(Root& root, const std::string& mount, std::string_view path,
                  std::string_view content) {
  write_with_parents(root, path_on_esp(root, mount, path), content, {0755, 0, 0});
}

}  // namespace composer::tree
