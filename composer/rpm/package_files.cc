#include "composer/rpm/package_files.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <sys/stat.h>

#include "composer/error.h"
#include "composer/rpm/handles.h"
#include "composer/rpm/signature_file.h"

namespace composer::rpm {
namespace {

/// What a query wants to know, and the languages.
constexpr auto kWanted = static_cast<rpmfiFlags>(RPMFI_FLAGS_QUERY & ~RPMFI_NOFILELANGS);

/// What stands before a header structure in a file: three bytes of magic, a version, four reserved.
constexpr std::size_t kMagic = 8;

std::vector<std::string> split_languages(std::string_view text) {
  std::vector<std::string> languages;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('|'), text.size());
    if (end > 0) languages.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return languages;
}

/// Whether this is the first name of its file; rpm lists the others in the same package.
bool is_first_name(rpmfiles files, int index) {
  const int* names = nullptr;
  const std::uint32_t count = rpmfilesFLinks(files, index, &names);
  return count <= 1 || names == nullptr || names[0] == index;
}

PackagedFile read_file(rpmfiles files, int index) {
  PackagedFile file;
  const Text path(rpmfilesFN(files, index));
  file.path = path ? path.get() : "";
  const unsigned mode = rpmfilesFMode(files, index);
  if (S_ISDIR(mode)) file.kind = PackagedFile::Kind::directory;
  if (S_ISREG(mode)) {
    file.kind = PackagedFile::Kind::regular;
    if (is_first_name(files, index)) {
      file.size = {std::min<std::uint64_t>(rpmfilesFSize(files, index), INT64_MAX)};
    }
  }
  file.documentation = (rpmfilesFFlags(files, index) & RPMFILE_DOC) != 0;
  const char* languages = rpmfilesFLangs(files, index);
  if (languages) file.languages = split_languages(languages);
  return file;
}

}  // namespace

PackageContents read_package_files(const std::filesystem::path& package, std::string_view name) {
  const PackageFile file = open_package(package, name);
  std::string blob = file.header.bytes().substr(kMagic);
  const OwnedHeader header(
      headerImport(blob.data(), static_cast<unsigned>(blob.size()), HEADERIMPORT_COPY));
  const Files files(header ? rpmfilesNew(nullptr, header.get(), RPMTAG_BASENAMES, kWanted)
                           : nullptr);
  if (!files) {
    throw Error(ErrorKind::build, fmt::format("package '{}' has a list of files that librpm cannot "
                                              "read",
                                              name));
  }
  PackageContents contents{std::string(name), {}};
  const int count = rpmfilesFC(files.get());
  for (int i = 0; i < count; ++i) {
    if ((rpmfilesFFlags(files.get(), i) & RPMFILE_GHOST) != 0) continue;
    contents.files.push_back(read_file(files.get(), i));
  }
  return contents;
}

}  // namespace composer::rpm
