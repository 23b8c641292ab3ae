#include "composer/blueprint.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/blueprint/checks.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/source_text.h"

namespace composer {
namespace {

using blueprint::Findings;
using blueprint::Node;
using blueprint::Reader;

/// Whether the text is written in the version of the language that this program reads. Everything
/// else would be noise if it is not.
bool speaks_our_language(const Node& root, Findings& findings) {
  const Node* version = root.find("blueprint");
  if (version == nullptr || version->kind != Node::Kind::scalar) return true;
  const blueprint::Key* key = blueprint::blueprint_mapping().find("blueprint");
  Blueprint ignored;
  Reader reader(findings);
  key->read(reader, *key, *version, &ignored);
  return findings.sound(*version);
}

void read_and_check(const blueprint::Text& text, Blueprint& out, Findings& findings) {
  const Node root = blueprint::read_document(text, findings);
  if (root.kind == Node::Kind::refused || !speaks_our_language(root, findings)) return;
  Reader(findings).read_mapping(root, blueprint::blueprint_mapping(), &out);
  if (root.kind != Node::Kind::mapping) return;
  for (const auto check : {
           blueprint::check_repositories,
           blueprint::check_packages,
           blueprint::check_disk,
           blueprint::check_boot,
           blueprint::check_users,
           blueprint::check_services,
           blueprint::check_files,
           blueprint::check_outputs,
       }) {
    check(out, root, findings);
  }
}

/// The file's content as far as a blueprint may be long, and a little more, so that a longer one is
/// seen to be: a pipe is a fine blueprint, and /dev/zero should not fill the memory.
std::string read_bounded(const std::filesystem::path& path) {
  constexpr std::size_t kEnough = blueprint::kLargestBlueprint + 4096;
  const auto refuse = [&](int error) {
    return Error(ErrorKind::usage,
                 fmt::format("cannot read blueprint '{}': {}", path.string(), std::strerror(error)),
                 "give the path of a YAML file");
  };
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw refuse(errno);
  std::string text(kEnough, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw refuse(errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

}  // namespace

Blueprint parse_blueprint(std::string text, const std::filesystem::path& path,
                          const BlueprintOptions& options) {
  if (!options.variables.empty() || !options.profiles.empty()) {
    throw Error(ErrorKind::usage, "variables and profiles cannot be set yet");
  }
  Blueprint out;
  out.path = path;
  Findings findings;
  const blueprint::Text source(std::move(text), path.string());
  try {
    read_and_check(source, out, findings);
  } catch (const blueprint::TooManyProblems&) {
    // The first hundred are told; mending them shows the next.
  }
  findings.throw_if_any();
  return out;
}

Blueprint read_blueprint(const std::filesystem::path& path, const BlueprintOptions& options) {
  return parse_blueprint(read_bounded(path), path, options);
}

}  // namespace composer
