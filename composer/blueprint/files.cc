#include "composer/blueprint/files.h"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <system_error>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/blueprint/source_text.h"

namespace composer::blueprint {
namespace {

[[noreturn]] void refuse(int error) {
  throw std::system_error(error, std::generic_category());
}

/// As far as a blueprint may be long, and a little more: a pipe is a fine blueprint, and /dev/zero
/// should not fill the memory.
std::string read_bounded(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) refuse(errno);
  std::string text(kLargestBlueprint + 4096, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  text.resize(size);
  return text;
}

std::string identity_on_disk(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto whole = std::filesystem::weakly_canonical(path, ignored);
  return ignored ? path.string() : whole.string();
}

}  // namespace

Files files_on_disk() {
  return {read_bounded, identity_on_disk};
}

Files files_in_memory(std::map<std::string, std::string> texts) {
  const auto all = std::make_shared<const std::map<std::string, std::string>>(std::move(texts));
  return {[all](const std::filesystem::path& path) {
            const auto found = all->find(path.lexically_normal().string());
            if (found == all->end()) refuse(ENOENT);
            return found->second;
          },
          [](const std::filesystem::path& path) { return path.lexically_normal().string(); }};
}

std::filesystem::path beside(const std::filesystem::path& folder, const std::filesystem::path& name,
                             const Files& files) {
  const std::filesystem::path path = folder / name;
  const std::filesystem::path tidy = path.lexically_normal();
  return files.identity(tidy) == files.identity(path) ? tidy : path;
}

}  // namespace composer::blueprint
