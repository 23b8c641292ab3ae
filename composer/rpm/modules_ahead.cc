#include "composer/rpm/modules_ahead.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <dirent.h>
#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "composer/base/decompress.h"
#include "composer/base/handle.h"
#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/mount/new_filesystem.h"
#include "composer/mount/open_in_root.h"
#include "composer/rpm/kernel_module.h"
#include "composer/rpm/scriptlet_output.h"
#include "composer/rpm/signature_file.h"

namespace composer::rpm {
namespace {

constexpr std::size_t kReadSize = 64 << 10;
constexpr std::uint64_t kPage = 4096;
constexpr int kNice = 10;
// A kernel has some 5,000 modules in one folder, eight levels deep.
constexpr std::size_t kMostModules = 100'000;
constexpr std::size_t kMostFolders = 16;
constexpr int kDeepest = 32;

void free_archive(archive* handle) {
  archive_read_free(handle);
}

using Archive = Handle<archive, free_archive>;

[[noreturn]] void refuse(archive* handle) {
  const char* why = handle ? archive_error_string(handle) : nullptr;
  throw Error(ErrorKind::build, why ? why : "cannot be read");
}

/// One layer of compression, as rpm and kmod have it. Left to itself libarchive takes off as many
/// as there are.
Archive reader(int filter) {
  Archive made(archive_read_new());
  if (!made || archive_read_append_filter(made.get(), filter) != ARCHIVE_OK) refuse(made.get());
  return made;
}

int filter_of_payload(std::string_view name) {
  if (name == "zstd") return ARCHIVE_FILTER_ZSTD;
  if (name == "xz") return ARCHIVE_FILTER_XZ;
  if (name == "gzip") return ARCHIVE_FILTER_GZIP;
  if (name == "bzip2") return ARCHIVE_FILTER_BZIP2;
  if (name == "lzma") return ARCHIVE_FILTER_LZMA;
  throw Error(ErrorKind::build, "the payload is compressed in another way");
}

/// Where libarchive reads a payload: ends when nobody wants it any more.
struct Payload {
  int fd;
  std::function<bool()> is_to_end;
  std::string buffer = std::string(kReadSize, '\0');

  static la_ssize_t read(archive* /*unused*/, void* data, const void** bytes) {
    auto* self = static_cast<Payload*>(data);
    *bytes = self->buffer.data();
    return self->is_to_end() ? -1 : ::read(self->fd, self->buffer.data(), self->buffer.size());
  }
};

/// The content of the entry that the archive stands at.
std::string content_of(archive* from, Bytes most) {
  std::string content;
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(from, &block, &size, &offset);
    if (result == ARCHIVE_EOF) return content;
    if (result != ARCHIVE_OK || offset < 0) refuse(from);
    if (static_cast<std::uint64_t>(offset) != content.size() ||
        size > most.count - content.size()) {
      throw Error(ErrorKind::build, "it is too large, or has holes");
    }
    content.append(static_cast<const char*>(block), size);
  }
}

/// kmod decompresses by the first bytes, once (kmod 34, libkmod/libkmod-file.c), all of the file.
std::string decompressed(std::string_view bytes) {
  std::string elf;
  const std::size_t taken = decompress(bytes, [&](std::string_view part) {
    elf += part;
    if (elf.size() > ModulesAhead::kLargestModule.count) {
      throw Error(ErrorKind::build, "it is too large");
    }
  });
  if (taken != bytes.size() || !elf.starts_with("\x7f\x45LF")) {
    throw Error(ErrorKind::build, "it is no module");
  }
  return elf;
}

}  // namespace

ModulesAhead::ModulesAhead(std::function<FileDescriptor(std::size_t)> open)
    : open_(std::move(open)) {}

ModulesAhead::~ModulesAhead() {
  stopped_ = true;
  wait();
}

void ModulesAhead::wait() {
  if (thread_.joinable()) thread_.join();
}

void ModulesAhead::begin(std::vector<std::size_t> packages) {
  if (thread_.joinable()) return;
  done_ = false;
  try {
    thread_ = std::thread([this, packages = std::move(packages)] { run(packages); });
  } catch (const std::system_error&) {
    done_ = true;  // No further thread to be had: depmod decompresses.
  }
}

void ModulesAhead::run(const std::vector<std::size_t>& packages) {
  // Nobody waits for it until the packages are installed. Linux has priorities of threads.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  for (const std::size_t package : packages) {
    try {
      const TraceSpan span("work", "decompress kernel modules");
      take(open_(package));
    } catch (const std::exception&) {
      // Some modules are missing, so that their folder is not shown: depmod will read what is
      // there.
    }
  }
  done_ = true;
}

bool ModulesAhead::is_to_end() const {
  return stopped_ || host::interrupted();
}

/// A new file with a hole where nothing is of interest.
void ModulesAhead::write(const std::string& content, int folder, const std::string& path) {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    ::mkdirat(folder, path.substr(0, slash).c_str(), 0755);  // What cannot be made fails below.
  }
  const FileDescriptor file(
      ::openat(folder, path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) throw system_error("cannot write a module", errno);
  const std::string_view elf(content);
  std::vector<Part> holes = parts_not_indexed(elf);
  holes.push_back({elf.size(), 0});
  std::uint64_t at = 0;
  for (const Part& hole : holes) {
    written_ += round_up({hole.offset - at + kPage}, {kPage});
    if (written_ > kMost) throw Error(ErrorKind::build, "there are too many modules");
    write_all_at(file.get(), elf.substr(at, hole.offset - at), at, "module");
    at = hole.offset + hole.size;
  }
  if (::ftruncate(file.get(), static_cast<off_t>(elf.size())) != 0) {
    throw system_error("cannot write a module", errno);
  }
}

void ModulesAhead::take(const FileDescriptor& package) {
  const PackageFile file = open_package(fmt::format("/proc/self/fd/{}", package.get()), "package");
  const Archive archive =
      reader(filter_of_payload(file.header.text(kTagPayloadCompressor).value_or("gzip")));
  archive_read_support_format_cpio(archive.get());
  Payload payload{file.fd.get(), [this] { return is_to_end(); }};
  if (archive_read_open(archive.get(), &payload, nullptr, Payload::read, nullptr) != ARCHIVE_OK) {
    refuse(archive.get());
  }
  while (!is_to_end()) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive.get(), &entry);
    if (result == ARCHIVE_EOF) return;
    if (result != ARCHIVE_OK) refuse(archive.get());
    const char* name = archive_entry_pathname(entry);
    const auto path = name ? module_path(name) : std::nullopt;
    if (!path || archive_entry_filetype(entry) != AE_IFREG) continue;
    const Seen seen{static_cast<std::uint64_t>(archive_entry_size(entry)),
                    archive_entry_mtime(entry)};
    if (++modules_ > kMostModules) throw Error(ErrorKind::build, "there are too many modules");
    const std::string content = content_of(archive.get(), kLargestModule);
    Folder& folder = folder_of(path->version, path->folder);
    write(decompressed(content), folder.memory.get(), path->rest);
    folder.modules.emplace(path->rest, seen);
  }
}

ModulesAhead::Folder& ModulesAhead::folder_of(const std::string& version, const std::string& name) {
  Folder& folder = folders_[{version, name}];
  if (folders_.size() > kMostFolders) throw Error(ErrorKind::build, "there are too many folders");
  if (!folder.memory) folder.memory = mount::new_folder_in_memory(kMost);
  return folder;
}

bool ModulesAhead::list(int folder, const std::string& path, int depth, Modules& into) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      ::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), ::closedir);
  if (!entries || depth > kDeepest) return false;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name, inner = path + name;
    struct stat status {};
    if (name == "." || name == "..") continue;
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (S_ISDIR(status.st_mode)) {
      const FileDescriptor below(
          ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below || !list(below.get(), inner + "/", depth + 1, into)) return false;
    } else if (module_path("/lib/modules/x/x/" + inner)) {
      if (!S_ISREG(status.st_mode) || into.size() == kMostModules) return false;
      into[inner] = {static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec};
    } else if (S_ISLNK(status.st_mode)) {
      return false;  // To a folder, perhaps.
    }
  }
  return true;
}

void ModulesAhead::index(const std::filesystem::path& root, const std::string& version) {
  if (!is_kernel_version(version)) {
    throw Error(ErrorKind::build, fmt::format("'{}' is no kernel's version", printable(version)));
  }
  if (!done_) return to_begin_.push_back(version);
  wait();
  start(root, version);
}

void ModulesAhead::start(const std::filesystem::path& root, const std::string& version) {
  const FileDescriptor top = open_file(root, O_PATH | O_DIRECTORY);
  std::vector<mount::ShownFolder> shown;
  for (auto& [key, folder] : folders_) {
    if (key.first != version || !folder.memory) continue;
    std::string path = fmt::format("/usr/lib/modules/{}/{}", version, key.second);
    const auto real = mount::open_without_links(top.get(), path, O_RDONLY | O_DIRECTORY);
    Modules there;
    if (!real || !list(real->get(), "", 0, there) || there != folder.modules) continue;
    shown.push_back({std::move(path), folder.memory.get()});
  }
  RootCommand command;
  command.arguments = {"depmod", "-a", version};
  begun_.push_back({version,
                    std::make_unique<TraceSpan>(
                        "command", fmt::format("depmod -a {}{}", version,
                                               shown.empty() ? "" : ", of modules in memory")),
                    std::make_unique<mount::ContainedCommand>(root, std::move(command), shown)});
  // What was mounted lives as long as depmod does.
  std::erase_if(folders_, [&](const auto& item) { return item.first.first == version; });
}

void ModulesAhead::finish(const std::filesystem::path& root, Progress& progress) {
  wait();
  for (const std::string& version : std::exchange(to_begin_, {})) start(root, version);
  for (Indexing& indexing : begun_) {
    const RootCommandResult result = indexing.command->wait();
    indexing.span->end();
    std::vector<std::string> lines;
    std::istringstream printed(result.standard_output + result.standard_error);
    for (std::string line; std::getline(printed, line);) {
      lines.push_back(printable(line));
      progress.output(fmt::format("depmod of kernel {}", indexing.version), lines.back());
    }
    if (result.status == 0) continue;
    throw Error(ErrorKind::build,
                Problem{fmt::format("'depmod -a {}' in the image ended with status {}",
                                    indexing.version, result.status),
                        {},
                        last_lines(lines),
                        "leave out the package of the module that it names, or take another "
                        "version of it"});
  }
  begun_.clear();
}

}  // namespace composer::rpm
