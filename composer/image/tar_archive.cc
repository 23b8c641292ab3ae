#include "composer/image/tar_archive.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <clocale>
#include <exception>
#include <fmt/format.h>
#include <locale.h>
#include <string>
#include <sys/sysmacros.h>

#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/image/extents.h"

namespace composer::image {
namespace {

using Archive = Handle<archive, archive_write_free>;
using Entry = Handle<archive_entry, archive_entry_free>;

// Handed to the sink in pieces of this size; the last one is filled up to tar's own record of 20
// blocks (POSIX.1-2001, pax: -b).
constexpr int kPiece = 1 << 20;
constexpr int kRecord = 10240;

/// libarchive turns names into UTF-8 by the thread's locale, and in "C" marks each name that is not
/// ASCII as being in no character set. This one is part of glibc since 2.35.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (!locale_) {
      throw Error(ErrorKind::host, "this machine has no locale 'C.UTF-8', needed to write archives",
                  "install the C library's locales");
    }
    before_ = ::uselocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    ::uselocale(before_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_ = nullptr;
  locale_t before_ = nullptr;
};

struct Sink {
  const std::function<void(std::string_view)>& take;
  std::exception_ptr failure;
};

// Called from C, through which no exception may pass.
la_ssize_t on_write(archive* raw, void* data, const void* bytes, std::size_t size) noexcept {
  auto* sink = static_cast<Sink*>(data);
  try {
    sink->take({static_cast<const char*>(bytes), size});
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    sink->failure = std::current_exception();
    ::archive_set_error(raw, ECANCELED, "the archive cannot be written");
    return -1;
  }
}

class TarWriter final : public TreeVisitor {
 public:
  TarWriter(const std::function<void(std::string_view)>& take, const TarOptions& options)
      : options_(options),
        sink_{take, nullptr},
        archive_(::archive_write_new()),
        entry_(::archive_entry_new()) {
    if (!archive_ || !entry_) throw Error(ErrorKind::build, "cannot start libarchive: no memory");
    archive* raw = archive_.get();
    // Restricted: no extended header where a plain one says it all.
    check(::archive_write_set_format_pax_restricted(raw));
    check(::archive_write_set_format_option(raw, "pax", "xattrheader", "SCHILY"));
    check(::archive_write_set_bytes_per_block(raw, kPiece));
    check(::archive_write_set_bytes_in_last_block(raw, kRecord));
    check(::archive_write_open2(raw, &sink_, nullptr, on_write, nullptr, nullptr));
  }

  void enter(const TreeEntry& source) override {
    if (options_.check != nullptr) options_.check(source);
    if (source.path.empty() && options_.paths == TarPaths::plain) return;
    archive_entry* entry = ::archive_entry_clear(entry_.get());
    const std::string name = in_archive(source.path);
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_mode(entry, source.status.st_mode);
    ::archive_entry_set_uid(entry, source.status.st_uid);
    ::archive_entry_set_gid(entry, source.status.st_gid);
    ::archive_entry_set_mtime(entry, source.status.st_mtim.tv_sec, 0);
    ::archive_entry_set_size(entry, 0);
    if (!source.hard_link.empty()) {
      ::archive_entry_set_hardlink(entry, in_archive(source.hard_link).c_str());
    } else {
      describe_own(source, entry);
    }
    with_name(source, ::archive_write_header(archive_.get(), entry));
    if (source.content >= 0) write_content(source);
  }

  void finish() { check(::archive_write_close(archive_.get())); }

 private:
  std::string in_archive(const std::string& path) const {
    if (options_.paths == TarPaths::plain) return path;
    return path.empty() ? std::string(".") : "./" + path;
  }

  static void describe_own(const TreeEntry& source, archive_entry* entry) {
    if (source.is(S_IFLNK)) ::archive_entry_set_symlink(entry, source.link_target.c_str());
    if (source.is(S_IFREG)) ::archive_entry_set_size(entry, source.status.st_size);
    if (source.is(S_IFCHR) || source.is(S_IFBLK)) {
      ::archive_entry_set_rdevmajor(entry, major(source.status.st_rdev));
      ::archive_entry_set_rdevminor(entry, minor(source.status.st_rdev));
    }
    // libarchive keeps them in the reverse order of their coming.
    for (auto it = source.attributes.rbegin(); it != source.attributes.rend(); ++it) {
      ::archive_entry_xattr_add_entry(entry, it->name.c_str(), it->value.data(), it->value.size());
    }
  }

  void write_content(const TreeEntry& source) {
    const RawDisk file{source.content, source.size(), "/" + source.path};
    std::string buffer(std::min<std::uint64_t>(file.size, 256 << 10), '\0');
    for (std::uint64_t at = 0; at < file.size;) {
      const std::size_t n = std::min<std::uint64_t>(buffer.size(), file.size - at);
      read_exactly(file, at, buffer.data(), n);
      const la_ssize_t written = ::archive_write_data(archive_.get(), buffer.data(), n);
      if (written < 0) with_name(source, static_cast<int>(written));
      at += n;
    }
    with_name(source, ::archive_write_finish_entry(archive_.get()));
  }

  void with_name(const TreeEntry& source, int result) {
    // A name that is no UTF-8 is kept, and marked as such; any other warning is a loss.
    if (result == ARCHIVE_WARN &&
        std::string_view(::archive_error_string(archive_.get())).find("to UTF-8") !=
            std::string_view::npos) {
      return;
    }
    if (result != ARCHIVE_OK) refuse(fmt::format("cannot archive '/{}'", source.path));
  }

  void check(int result) {
    if (result != ARCHIVE_OK) refuse("cannot write the archive");
  }

  [[noreturn]] void refuse(const std::string& what) const {
    if (sink_.failure) std::rethrow_exception(sink_.failure);
    const char* why = ::archive_error_string(archive_.get());
    throw Error(ErrorKind::build, fmt::format("{}: {}", what, why ? why : "libarchive refused it"));
  }

  const TarOptions& options_;
  Sink sink_;
  Archive archive_;
  Entry entry_;
};

}  // namespace

void write_tar(int root, const TreeWalk& walk, const std::function<void(std::string_view)>& sink,
               const TarOptions& options) {
  const Utf8Locale locale;
  TarWriter writer(sink, options);
  walk_tree(root, walk, writer);
  writer.finish();
}

}  // namespace composer::image
