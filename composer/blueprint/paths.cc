#include "composer/blueprint/paths.h"

#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

constexpr std::size_t kLongestPath = 4095;  // PATH_MAX less its NUL.
constexpr std::size_t kLongestName = 255;   // NAME_MAX.

/// `path` in its only spelling: no empty, `.` component, no closing `/`; `..` is kept.
std::string tidied(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    out += out.empty() ? "" : "/";
    out += part;
  }
  return out;
}

bool has_part(std::string_view path, std::string_view wanted) {
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (path.substr(0, end) == wanted) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

/// What is refused of every path, absolute or not.
std::optional<Refusal> check_parts(std::string_view text, std::string_view noun) {
  if (text.size() > kLongestPath) {
    return Refusal{fmt::format("{} is longer than {} bytes", noun, kLongestPath), "shorten it"};
  }
  if (text.find_first_of("\n\t") != std::string_view::npos) {
    return Refusal{fmt::format("a line break or tab in the {}", noun), "write it on one line"};
  }
  if (has_part(text, "..")) {
    return Refusal{fmt::format("{} '{}' holds '..'", noun, text), "write the path without it"};
  }
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (end > kLongestName) {
      return Refusal{fmt::format("{} has a component longer than {} bytes", noun, kLongestName),
                     "shorten it"};
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

/// Folders whose content is made at boot: what an image holds there is hidden or lost.
constexpr std::string_view kMadeAtBoot[] = {"/dev", "/proc", "/run", "/sys"};

std::string_view made_at_boot(std::string_view path) {
  for (const std::string_view folder : kMadeAtBoot) {
    if (is_within(path, folder)) return folder;
  }
  return {};
}

std::optional<Refusal> check_mount_point(std::string_view text) {
  if (text == "/") return std::nullopt;
  if (auto refusal = check_absolute_path(text, "mount point")) return refusal;
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_visible(c) && c != '\\' && c != '#' && c != '"' && c != '\'';
  });
  if (!plain) {
    return Refusal{fmt::format("mount point '{}' holds a space, quote, '#' or backslash, which "
                               "/etc/fstab gives a meaning",
                               text),
                   "use letters, digits, '.', '_' and '-'"};
  }
  if (const auto folder = made_at_boot(text); !folder.empty()) {
    return Refusal{
        fmt::format("mount point '{}' is in '{}', which the kernel and systemd fill at boot", text,
                    folder),
        "mount it elsewhere, such as '/srv'"};
  }
  // Links into /usr in every merged distribution: a mount would hide what they lead to.
  constexpr std::string_view kLinks[] = {"/bin", "/sbin", "/lib", "/lib64"};
  for (const std::string_view link : kLinks) {
    if (is_within(text, link)) {
      return Refusal{fmt::format("mount point '{}' is behind '{}', a link into /usr", text, link),
                     fmt::format("use '/usr{}'", text)};
    }
  }
  if (text == "/etc") {
    return Refusal{"'/etc' cannot be a filesystem of its own: it holds /etc/fstab",
                   "leave it on the root filesystem"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_program_path(std::string_view text) {
  if (text == "/") return std::nullopt;
  if (auto refusal = check_absolute_path(text, "path")) return refusal;
  if (text.find(':') == std::string_view::npos) return std::nullopt;
  return Refusal{fmt::format("path '{}' holds ':', which ends a field of /etc/passwd", text),
                 "choose another path"};
}

std::optional<Refusal> check_file_path(std::string_view text) {
  if (text.size() > 1 && text.ends_with('/')) {
    return Refusal{fmt::format("file path '{}' ends in '/'", text), "name a file, not a folder"};
  }
  if (text == "/") return Refusal{"'/' is no file", "name a file, such as '/etc/motd'"};
  if (auto refusal = check_absolute_path(text, "file path")) return refusal;
  if (const auto folder = made_at_boot(text); !folder.empty()) {
    return Refusal{fmt::format("file '{}' is in '{}', which is empty at every boot", text, folder),
                   folder == "/run" ? "use '/etc', or tmpfiles.d" : "use '/etc' or '/usr'"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_source_path(std::string_view text) {
  if (text.empty()) return Refusal{"an empty source path", "name a file in the blueprint's folder"};
  if (text.starts_with('/') || text.starts_with("~")) {
    return Refusal{fmt::format("source '{}' is outside the blueprint's folder", text),
                   "put the file beside the blueprint and give its path from there"};
  }
  if (has_part(text, "..")) {
    return Refusal{fmt::format("source '{}' leads out of the blueprint's folder", text),
                   "put the file beside the blueprint and give its path from there"};
  }
  if (auto refusal = check_parts(text, "source path")) return refusal;
  if (const std::string tidy = tidied(text); tidy != text) {
    return Refusal{fmt::format("source '{}' is not in its shortest form", text),
                   tidy.empty() ? "name a file" : fmt::format("did you mean '{}'?", tidy)};
  }
  return std::nullopt;
}

std::optional<Refusal> check_location(std::string_view text) {
  if (text.empty()) return Refusal{"an empty location", "give a URL or a path"};
  if (!std::all_of(text.begin(), text.end(), is_visible)) {
    return Refusal{fmt::format("a space or line break in '{}'", text),
                   "write a space in a URL as %20"};
  }
  if (!is_url(text)) {
    if (text.starts_with('~')) {
      return Refusal{fmt::format("'{}' depends on who builds", text),
                     "give a path from the blueprint's folder, or an absolute one"};
    }
    return std::nullopt;
  }
  const std::string_view scheme = text.substr(0, text.find("://"));
  const std::string_view rest = text.substr(scheme.size() + 3);
  if (scheme != "https" && scheme != "http" && scheme != "file") {
    return Refusal{fmt::format("'{}' has an unknown scheme '{}'", text, scheme),
                   "use https, http, file, or a path"};
  }
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (scheme == "file" && !host.empty()) {
    return Refusal{fmt::format("'{}' names a host '{}', and files are on this machine", text, host),
                   "a file URL has three slashes: 'file:///srv/repo'"};
  }
  if (scheme != "file" && host.empty()) {
    return Refusal{fmt::format("'{}' has no host", text), "write it as 'https://host/path'"};
  }
  if (host.find('@') != std::string_view::npos) {
    return Refusal{"a URL with a user name, which would be written into plan.lock and the logs",
                   "use a mirror that needs none", Secrecy::secret};
  }
  return std::nullopt;
}

// Whoever can replace the key on its way can replace the packages.
std::optional<Refusal> check_key_location(std::string_view text) {
  if (auto refusal = check_location(text)) return refusal;
  if (!text.starts_with("http://")) return std::nullopt;
  return Refusal{
      fmt::format("key '{}' comes over http, where anybody on the way can replace it", text),
      "use https, or a copy of the key beside the blueprint"};
}

std::optional<Refusal> check_content(std::string_view) {
  return std::nullopt;
}

}  // namespace

bool is_url(std::string_view text) {
  return text.find("://") != std::string_view::npos;
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::optional<Refusal> check_absolute_path(std::string_view text, std::string_view noun) {
  if (!text.starts_with('/')) {
    return Refusal{
        fmt::format("{} '{}' does not begin with '/'", noun, text),
        text.empty() ? "give an absolute path" : fmt::format("did you mean '/{}'?", text)};
  }
  if (auto refusal = check_parts(text, noun)) return refusal;
  if (const std::string tidy = "/" + tidied(text); tidy != text) {
    return Refusal{fmt::format("{} '{}' is not in its shortest form", noun, text),
                   fmt::format("did you mean '{}'?", tidy)};
  }
  return std::nullopt;
}

constinit const Scalar<std::string> kLocation = {
    {"a URL or path",
     "`https`, `http` or `file` URL, or a path, which counts from the blueprint's folder."},
    checked_text<check_location>};
constinit const Scalar<std::string> kKeyLocation = {
    {"a URL or path",
     "`https` or `file` URL, or a path, which counts from the blueprint's folder; never `http`."},
    checked_text<check_key_location>};
constinit const Scalar<std::string> kMountPoint = {
    {"a mount point",
     "An absolute path in its shortest form, not in `/dev`, `/proc`, `/run`, `/sys`."},
    checked_text<check_mount_point>};
constinit const Scalar<std::string> kProgramPath = {
    {"an absolute path", "An absolute path in its shortest form, without `:`."},
    checked_text<check_program_path>};
constinit const Scalar<std::string> kFilePath = {
    {"an absolute path",
     "An absolute path in its shortest form, not in `/dev`, `/proc`, `/run`, `/sys`."},
    checked_text<check_file_path>};
constinit const Scalar<std::string> kSourcePath = {
    {"a path", "A path from the blueprint's folder that stays in it."},
    checked_text<check_source_path>};
constinit const Scalar<std::string> kContent = {
    {"a text", "Any text.", Shape::text, {}, 0, 0, Secrecy::shown, Characters::any},
    checked_text<check_content>};

}  // namespace composer::blueprint
