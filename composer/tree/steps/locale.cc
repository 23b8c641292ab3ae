#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::locale {
namespace {

// `de_DE.utf8` for `de_DE.UTF-8`: glibc's own spelling of the codeset in folder names.
std::string folder_of(std::string_view locale) {
  const std::size_t dot = locale.find('.');
  if (dot == std::string_view::npos) return std::string(locale);
  std::string folder(locale.substr(0, dot + 1));
  for (const char c : locale.substr(dot + 1)) {
    if (c >= 'A' && c <= 'Z') {
      folder += static_cast<char>(c - 'A' + 'a');
    } else if (c != '-') {
      folder += c;
    }
  }
  return folder;
}

// C, C.UTF-8 and POSIX are built into glibc. An archive of all locales is taken at its word: its
// format is glibc's own.
bool is_there(const Root& root, std::string_view locale) {
  if (locale == "C" || locale == "POSIX" || folder_of(locale) == "C.utf8") return true;
  if (root.exists("/usr/lib/locale/locale-archive")) return true;
  return root.exists("/usr/lib/locale/" + folder_of(locale)) ||
         root.exists(fmt::format("/usr/lib/locale/{}", locale));
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.locale.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  return {fmt::format("write to /etc/locale.conf: LANG={}", plan.system.locale)};
}

void apply(const Plan& plan, Root& root, Progress&) {
  const std::string& locale = plan.system.locale;
  if (!is_there(root, locale)) {
    throw Error(ErrorKind::usage, fmt::format("the locale '{}' is not in the image", locale),
                fmt::format("add 'glibc-langpack-{}' to packages.install",
                            locale.substr(0, locale.find_first_of("_.@"))));
  }
  write_with_parents(root, "/etc/locale.conf", fmt::format("LANG={}\n", locale));
}

}  // namespace composer::tree::locale
