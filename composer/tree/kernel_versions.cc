#include "composer/tree/kernel_versions.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer::tree {
namespace {

constexpr std::string_view kModules = "/usr/lib/modules/";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_separator(char c) {
  return !is_digit(c) && !is_letter(c) && c != '~' && c != '^';
}

std::string_view take_while(std::string_view& text, bool (*holds)(char)) {
  std::size_t n = 0;
  while (n < text.size() && holds(text[n])) n++;
  const std::string_view taken = text.substr(0, n);
  text.remove_prefix(n);
  return taken;
}

bool starts(std::string_view text, char mark) {
  return !text.empty() && text.front() == mark;
}

/// The folders of kernel modules that `counts` is true of, newest first.
template <typename Predicate>
std::vector<std::string> sorted_versions(const Root& root, Predicate counts) {
  std::vector<std::string> versions;
  for (std::string& name : root.list(kModules)) {
    if (counts(name)) versions.push_back(std::move(name));
  }
  std::sort(versions.begin(), versions.end(), [](const std::string& a, const std::string& b) {
    const int order = compare_versions(a, b);
    return order != 0 ? order > 0 : a > b;
  });
  return versions;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    take_while(a, is_separator);
    take_while(b, is_separator);
    if (starts(a, '~') || starts(b, '~')) {
      if (!starts(a, '~')) return 1;
      if (!starts(b, '~')) return -1;
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    if (starts(a, '^') || starts(b, '^')) {
      if (a.empty()) return -1;
      if (b.empty()) return 1;
      if (!starts(a, '^')) return 1;
      if (!starts(b, '^')) return -1;
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    if (a.empty() || b.empty()) break;
    const bool numeric = is_digit(a.front());
    std::string_view x = take_while(a, numeric ? is_digit : is_letter);
    std::string_view y = take_while(b, numeric ? is_digit : is_letter);
    if (y.empty()) return numeric ? 1 : -1;  // Numbers are newer than letters.
    if (numeric) {
      x.remove_prefix(std::min(x.find_first_not_of('0'), x.size()));
      y.remove_prefix(std::min(y.find_first_not_of('0'), y.size()));
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
    }
    if (const int order = x.compare(y)) return order < 0 ? -1 : 1;
  }
  if (a.empty() && b.empty()) return 0;
  return a.empty() ? -1 : 1;
}

std::vector<std::string> installed_kernels(const Root& root) {
  return sorted_versions(root, [&](const std::string& name) {
    return root.exists(std::string(kModules) + name + "/vmlinuz") ||
           root.exists("/boot/vmlinuz-" + name);
  });
}

std::string kernel_path(const Root& root, std::string_view version) {
  const std::string path = fmt::format("{}{}/vmlinuz", kModules, version);
  return root.exists(path) ? path : fmt::format("/boot/vmlinuz-{}", version);
}

std::string packaged_image_path(std::string_view version) {
  return fmt::format("{}{}/vmlinuz-virt.efi", kModules, version);
}

std::vector<std::string> required_kernels(const Plan& plan, const Root& root) {
  const bool packaged = plan.boot.loader == Loader::uki && plan.boot.uki == UkiSource::packaged;
  std::vector<std::string> versions =
      packaged ? sorted_versions(root,
                                 [&](const std::string& name) {
                                   return root.exists(packaged_image_path(name));
                                 })
               : installed_kernels(root);
  if (versions.empty() && packaged) {
    throw Error(ErrorKind::usage,
                "no package brought a unified kernel image: the image has no "
                "'/usr/lib/modules/VERSION/vmlinuz-virt.efi'",
                "add 'kernel-uki-virt' to packages.install, or write 'uki: built'");
  }
  if (versions.empty()) {
    throw Error(ErrorKind::usage, "no kernel is installed in the image",
                "add 'kernel' to packages.install");
  }
  for (const std::string& version : versions) {
    for (const char c : version) {
      if (!is_digit(c) && !is_letter(c) &&
          std::string_view("._+-~^").find(c) == std::string::npos) {
        throw Error(
            ErrorKind::build,
            "a kernel of the image has a version that no boot entry can name: '" + version + "'");
      }
    }
  }
  return versions;
}

}  // namespace composer::tree
