#include "composer/tree/root_files.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/error.h"

namespace composer::tree {
namespace {

constexpr int kDeepest = 128;            ///< Levels; a package's deepest path has about 20.
constexpr std::size_t kOutputTail = 12;  ///< Lines of a failed command's output that are shown.

void remove_below(Root& root, const std::string& path, int depth) {
  if (depth > kDeepest) {
    throw Error(ErrorKind::build, fmt::format("cannot remove '{}': too many levels", path));
  }
  for (const std::string& name : root.list(path)) {
    const std::string child = fmt::format("{}/{}", path == "/" ? "" : path, name);
    const auto status = root.link_status(child);
    if (status && status->kind == FileKind::directory) remove_below(root, child, depth + 1);
    root.remove(child);
  }
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos || slash == 0 ? "/" : path.substr(0, slash);
}

void write_with_parents(Root& root, std::string_view path, std::string_view content,
                        FileAttributes attributes) {
  root.make_directories(parent_of(path), {0755, 0, 0});
  root.write(path, content, attributes);
}

void link_with_parents(Root& root, std::string_view target, std::string_view path) {
  root.make_directories(parent_of(path), {0755, 0, 0});
  root.make_link(target, path);
}

FileAttributes attributes_of(const Root& root, std::string_view path, FileAttributes otherwise) {
  const auto status = root.status(path);
  if (!status) return otherwise;
  return {status->mode & 07777, status->uid, status->gid};
}

void remove_tree(Root& root, std::string_view path) {
  const auto status = root.link_status(path);
  if (!status) return;
  if (status->kind == FileKind::directory) remove_below(root, std::string(path), 0);
  root.remove(path);
}

void empty_directory(Root& root, std::string_view path) {
  const auto status = root.link_status(path);
  if (status && status->kind == FileKind::directory) remove_below(root, std::string(path), 0);
}

std::string find_ignoring_case(const Root& root, std::string_view directory,
                               std::string_view name) {
  for (std::string& candidate : root.list(directory)) {
    if (std::equal(candidate.begin(), candidate.end(), name.begin(), name.end(),
                   [](char a, char b) { return lower(a) == lower(b); })) {
      return std::move(candidate);
    }
  }
  return {};
}

std::string run_checked(Root& root, const RootCommand& command) {
  RootCommandResult result = root.run(command);
  if (result.status == 0) return std::move(result.standard_output);
  Problem problem;
  problem.message = fmt::format("'{}' failed in the image with status {}",
                                fmt::join(command.arguments, " "), result.status);
  auto lines =
      lines_of(result.standard_error.empty() ? result.standard_output : result.standard_error);
  if (lines.size() > kOutputTail) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(kOutputTail));
  }
  for (const std::string_view line : lines) problem.notes.emplace_back(line);
  throw Error(ErrorKind::build, std::move(problem));
}

const std::string& one_line(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) continue;
    throw Error(ErrorKind::usage,
                fmt::format("'{}' holds a control character and cannot be a line of a file",
                            text.substr(0, text.find(c))));
  }
  return text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace composer::tree
