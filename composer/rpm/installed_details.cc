#include "composer/rpm/installed_details.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <rpm/header.h>
#include <rpm/rpmds.h>
#include <rpm/rpmfiles.h>
#include <tuple>

#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/rpm/database_reader.h"
#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

using DependencySet = Handle<std::remove_pointer_t<rpmds>, rpmdsFree>;

constexpr std::array<rpmTag, 6> kKinds{RPMTAG_REQUIRENAME,   RPMTAG_PROVIDENAME,
                                       RPMTAG_CONFLICTNAME,  RPMTAG_OBSOLETENAME,
                                       RPMTAG_RECOMMENDNAME, RPMTAG_SUPPLEMENTNAME};
/// What rpm itself must be able to do; no package provides it.
constexpr std::string_view kOfRpm = "rpmlib(";

void add(std::string& line, std::string_view text) {
  line += text;
  line += '\0';
}

// In the child: eleven texts, the dependencies of each kind, the files. A list comes with its
// length before it.
std::string tell(Header header) {
  std::string line;
  for (const rpmTag tag : {RPMTAG_NAME, RPMTAG_VERSION, RPMTAG_RELEASE, RPMTAG_ARCH, RPMTAG_VENDOR,
                           RPMTAG_LICENSE, RPMTAG_SOURCERPM, RPMTAG_SUMMARY}) {
    add(line, text_of(header, tag));
  }
  const std::uint64_t size = headerGetNumber(header, RPMTAG_LONGSIZE);
  add(line, std::to_string(headerGetNumber(header, RPMTAG_EPOCH)));
  add(line, std::to_string(headerGetNumber(header, RPMTAG_BUILDTIME)));
  add(line, std::to_string(size != 0 ? size : headerGetNumber(header, RPMTAG_SIZE)));
  for (const rpmTag kind : kKinds) {
    const DependencySet set(rpmdsNew(header, kind, 0));
    std::string entries;
    std::size_t count = 0;
    while (set && rpmdsNext(set.get()) >= 0) {
      const char* name = rpmdsN(set.get());
      const char* evr = rpmdsEVR(set.get());
      if (name == nullptr || std::string_view(name).starts_with(kOfRpm)) continue;
      add(entries, name);
      add(entries, std::to_string(rpmdsFlags(set.get()) & RPMSENSE_SENSEMASK));
      add(entries, evr == nullptr ? "" : evr);
      ++count;
    }
    add(line, std::to_string(count));
    line += entries;
  }
  const Files files(rpmfilesNew(nullptr, header, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY));
  const int count = files ? static_cast<int>(rpmfilesFC(files.get())) : 0;
  add(line, std::to_string(count));
  for (int i = 0; i < count; ++i) {
    const Text path(rpmfilesFN(files.get(), i));
    add(line, path ? path.get() : "");
  }
  return line;
}

/// The child's texts, one after the other.
class Texts {
 public:
  explicit Texts(const std::vector<std::string>& texts) : texts_(texts) {}

  bool at_end() const { return next_ == texts_.size(); }
  const std::string& text() {
    if (at_end()) throw Error(ErrorKind::build, "the rpm database is damaged");
    return texts_[next_++];
  }
  template <typename T>
  T number() {
    const std::string& digits = text();
    T value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }
  std::size_t count() { return std::min(number<std::size_t>(), texts_.size() - next_); }

 private:
  const std::vector<std::string>& texts_;
  std::size_t next_ = 0;
};

InstalledDetails read_package(Texts& texts) {
  InstalledDetails found;
  found.package.name = texts.text();
  found.package.version = texts.text();
  found.package.release = texts.text();
  found.package.arch = texts.text();
  found.vendor = texts.text();
  found.license = texts.text();
  found.source_rpm = texts.text();
  found.summary = texts.text();
  found.package.epoch = texts.number<std::uint32_t>();
  found.build_time = texts.number<std::int64_t>();
  found.size = texts.number<std::uint64_t>();
  for (auto* kind : {&found.requires_, &found.provides, &found.conflicts, &found.obsoletes,
                     &found.recommends, &found.supplements}) {
    for (std::size_t left = texts.count(); left > 0; --left) {
      Dependency& dependency = kind->emplace_back();
      dependency.name = texts.text();
      const auto flags = texts.number<unsigned>();
      dependency.evr = texts.text();
      dependency.less = (flags & RPMSENSE_LESS) != 0;
      dependency.greater = (flags & RPMSENSE_GREATER) != 0;
      dependency.equal = (flags & RPMSENSE_EQUAL) != 0;
    }
  }
  for (std::size_t left = texts.count(); left > 0; --left) found.files.push_back(texts.text());
  return found;
}

}  // namespace

std::vector<InstalledDetails> read_installed_details(std::string_view database) {
  const std::vector<std::string> all = read_database(database, tell);
  std::vector<InstalledDetails> packages;
  for (Texts texts(all); !texts.at_end();) {
    InstalledDetails found = read_package(texts);
    if (found.package.name != "gpg-pubkey") packages.push_back(std::move(found));
  }
  std::sort(packages.begin(), packages.end(), [](const auto& a, const auto& b) {
    const auto key = [](const InstalledPackage& p) {
      return std::tie(p.name, p.epoch, p.version, p.release, p.arch);
    };
    return key(a.package) < key(b.package);
  });
  return packages;
}

}  // namespace composer::rpm
