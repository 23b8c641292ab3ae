#pragma once

#include <map>
#include <string>
#include <vector>

#include "composer/lint/lint.h"
#include "composer/lint/subject.h"

#include "tests/support/memory_root.h"

namespace composer::lint {

/// A MemoryRoot some of whose files claim to be larger than they are.
class ClaimingRoot final : public ReadRoot {
 public:
  ClaimingRoot(const MemoryRoot& root, const std::map<std::string, Bytes>& sizes)
      : root_(root), sizes_(sizes) {}

  std::optional<FileStatus> status(std::string_view path) const override {
    return claimed(path, root_.status(path));
  }
  std::optional<FileStatus> link_status(std::string_view path) const override {
    return claimed(path, root_.link_status(path));
  }
  std::optional<std::string> read(std::string_view path) const override { return root_.read(path); }
  std::optional<std::string> read_at(std::string_view path, std::uint64_t offset,
                                     std::size_t most) const override {
    return root_.read_at(path, offset, most);
  }
  std::vector<std::string> list(std::string_view path) const override { return root_.list(path); }
  std::optional<std::string> read_link(std::string_view path) const override {
    return root_.read_link(path);
  }
  ExtendedAttributes xattrs(std::string_view path) const override { return root_.xattrs(path); }

 private:
  std::optional<FileStatus> claimed(std::string_view path, std::optional<FileStatus> status) const {
    const auto found = sizes_.find(std::string(path));
    if (status && found != sizes_.end()) status->size = found->second.count;
    return status;
  }

  const MemoryRoot& root_;
  const std::map<std::string, Bytes>& sizes_;
};

/// An image in memory that a test may spoil before it is judged.
struct SampleImage {
  MemoryRoot root;
  Subject subject;
  std::map<std::string, Bytes> claimed_sizes;

  /// Gives every file an SELinux label.
  void label();
  void add_package(const std::string& name, const std::string& version);
  void remove_package(const std::string& name);
  /// Replaces `from`, which must be there, in a file.
  void edit(const std::string& path, const std::string& from, const std::string& to);
  /// Removes a file, or a folder with all that is in it; it must be there.
  void remove(const std::string& path);
};

/// An image that is good for the profile: every rule of it passes.
SampleImage good_image(LintProfile profile);

Report judged(SampleImage& image, LintProfile profile, const std::vector<Ignored>& ignored = {});

/// The ids of the rules that fail.
std::vector<std::string> failing(const Report& report);

/// A cpio archive ("newc") with these empty files.
std::string cpio_archive(const std::vector<std::string>& names);

struct SampleSection {
  std::string name, content;
};
/// An EFI program for x86-64. With a signer it has a certificate table that names it.
std::string efi_program(const std::vector<SampleSection>& sections, const std::string& signer);

/// A footer as image-composer writes it; `seal` is to be called after a change.
std::string vhd_footer(Bytes size);
void seal(std::string& footer);

}  // namespace composer::lint
