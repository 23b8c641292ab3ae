#include "composer/lint/config_files.h"

#include <fmt/format.h>
#include <map>

#include "composer/error.h"
#include "composer/lint/config_text.h"
#include "composer/units.h"

namespace composer::lint {

std::optional<std::string> read_config(const ReadRoot& root, std::string_view path,
                                       std::uint64_t most) {
  const auto status = root.status(path);
  if (!status || status->kind != FileKind::regular) return std::nullopt;
  if (status->size > most) {
    throw Error(ErrorKind::build,
                fmt::format("{} is larger than {}", shown(path), to_text(Bytes{most})));
  }
  return root.read(path);
}

std::vector<std::string> drop_in_files(const ReadRoot& root,
                                       std::initializer_list<std::string_view> folders,
                                       std::string_view ending) {
  std::map<std::string, std::string> by_name;
  for (const std::string_view folder : folders) {
    for (const std::string& name : root.list(folder)) {
      if (name.ends_with(ending)) by_name.try_emplace(name, fmt::format("{}/{}", folder, name));
    }
  }
  std::vector<std::string> files;
  for (auto& [name, path] : by_name) files.push_back(std::move(path));
  return files;
}

}  // namespace composer::lint
