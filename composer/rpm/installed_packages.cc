#include "composer/rpm/installed_packages.h"

#include <algorithm>
#include <charconv>
#include <rpm/header.h>
#include <tuple>

#include "composer/error.h"
#include "composer/rpm/database_reader.h"

namespace composer::rpm {
namespace {

/// A workstation has some five thousand.
constexpr std::size_t kMostPackages = 200'000;
constexpr std::size_t kTexts = 5;

std::string tell(Header header) {
  std::string line;
  for (const std::string& text :
       {text_of(header, RPMTAG_NAME), std::to_string(headerGetNumber(header, RPMTAG_EPOCH)),
        text_of(header, RPMTAG_VERSION), text_of(header, RPMTAG_RELEASE),
        text_of(header, RPMTAG_ARCH)}) {
    line += text;
    line += '\0';
  }
  return line;
}

}  // namespace

std::vector<InstalledPackage> read_installed_packages(std::string_view database) {
  const std::vector<std::string> texts = read_database(database, tell);
  if (texts.size() % kTexts != 0 || texts.size() / kTexts > kMostPackages) {
    throw Error(ErrorKind::build, "the rpm database has more packages than any system");
  }
  std::vector<InstalledPackage> installed;
  for (std::size_t at = 0; at < texts.size(); at += kTexts) {
    std::uint32_t epoch = 0;
    const std::string& number = texts[at + 1];
    std::from_chars(number.data(), number.data() + number.size(), epoch);
    installed.push_back({texts[at], epoch, texts[at + 2], texts[at + 3], texts[at + 4]});
  }
  std::sort(installed.begin(), installed.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.version, a.release, a.arch) <
           std::tie(b.name, b.version, b.release, b.arch);
  });
  return installed;
}

}  // namespace composer::rpm
