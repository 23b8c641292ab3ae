#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

// Names that are one word: what they may hold, and how long they may be.

namespace composer::blueprint {
namespace {

/// A word that begins with a letter or digit and holds, beside those, only `others`.
std::optional<Refusal> check_word(std::string_view text, std::string_view noun,
                                  std::string_view others, std::size_t most) {
  if (text.empty()) return Refusal{fmt::format("an empty {}", noun), "give it a text"};
  if (text.size() > most) {
    return Refusal{fmt::format("{} is {} characters long", noun, text.size()),
                   fmt::format("use at most {}", most)};
  }
  if (holds_only(text, others) && is_alphanumeric(text.front())) return std::nullopt;
  std::string listed;
  for (const char c : others) listed += fmt::format(", '{}'", c);
  return Refusal{
      fmt::format("'{}' is not a valid {}", text, noun),
      fmt::format("begin with a letter or digit, and use only letters, digits{}", listed)};
}

// The name and the version stand in file names, labels of reports and the manifest.
std::optional<Refusal> check_image_name(std::string_view text) {
  return check_word(text, "name", "._-", 100);
}

std::optional<Refusal> check_image_version(std::string_view text) {
  return check_word(text, "version", "._+~-", 64);
}

std::optional<Refusal> check_release_version(std::string_view text) {
  return check_word(text, "release version", "._-", 64);
}

// dnf's rule for repository ids (libdnf, repo/Repo.cpp).
std::optional<Refusal> check_repository_id(std::string_view text) {
  return check_word(text, "repository id", "._:-", 100);
}

std::optional<Refusal> check_output_name(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return Refusal{fmt::format("output file name '{}' has a folder in it", text),
                   "give the name alone; 'image-composer build --output' says the folder"};
  }
  return check_word(text, "output file name", "._-", 200);
}

std::optional<Refusal> check_identity_seed(std::string_view text) {
  if (text.empty() || text.size() > 256) {
    return Refusal{"an identity seed has 1 to 256 characters", "any text that is unique will do"};
  }
  if (text.find_first_of("\n\t") != std::string_view::npos) {
    return Refusal{"a line break or tab in the identity seed", "write it on one line"};
  }
  return std::nullopt;
}

// systemd's strict rule, which shadow's useradd of every distribution accepts
// (systemd.io/USER_NAMES).
constexpr std::size_t kLongestAccount = 31;

std::optional<Refusal> check_account(std::string_view text, std::string_view noun) {
  if (text.size() > kLongestAccount) {
    return Refusal{
        fmt::format("{} '{}' is {} characters long", noun, text.substr(0, 60), text.size()),
        fmt::format("use at most {}", kLongestAccount)};
  }
  const bool well_begun = !text.empty() && (is_lower(text.front()) || text.front() == '_');
  const bool well_made = std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-';
  });
  if (well_begun && well_made) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a valid {}", text, noun),
                 "begin with a lower-case letter or '_', and use only lower-case letters, digits, "
                 "'_' and '-'"};
}

std::optional<Refusal> check_user_name(std::string_view text) {
  return check_account(text, "user name");
}

std::optional<Refusal> check_group_name(std::string_view text) {
  return check_account(text, "group name");
}

// A field of passwd(5): no colon, one line.
std::optional<Refusal> check_comment(std::string_view text) {
  if (text.find_first_of(":\n\t") == std::string_view::npos) return std::nullopt;
  return Refusal{"a colon, tab or line break in the comment, which ends a field of /etc/passwd",
                 "write it on one line, without ':'"};
}

}  // namespace

constinit const Scalar<std::string> kImageName = {
    {"a name", "A letter or digit, then letters, digits, `.`, `_` and `-`."},
    checked_text<check_image_name>};
constinit const Scalar<std::string> kImageVersion = {
    {"a version", "A letter or digit, then letters, digits, `.`, `_`, `+`, `~` and `-`."},
    checked_text<check_image_version>};
constinit const Scalar<std::string> kReleaseVersion = {
    {"a release version", "A letter or digit, then letters, digits, `.`, `_` and `-`."},
    checked_text<check_release_version>};
constinit const Scalar<std::string> kIdentitySeed = {{"a text", "One line of 1 to 256 characters."},
                                                     checked_text<check_identity_seed>};
constinit const Scalar<std::string> kRepositoryId = {
    {"a repository id", "A letter or digit, then letters, digits, `.`, `_`, `:` and `-`."},
    checked_text<check_repository_id>};
constinit const Scalar<std::string> kUserName = {
    {"a user name", "A lower-case letter or `_`, then lower-case letters, digits, `_` and `-`."},
    checked_text<check_user_name>};
constinit const Scalar<std::string> kGroupName = {
    {"a group name", "A lower-case letter or `_`, then lower-case letters, digits, `_` and `-`."},
    checked_text<check_group_name>};
constinit const Scalar<std::string> kOutputName = {
    {"a file name", "A letter or digit, then letters, digits, `.`, `_` and `-`; no folder."},
    checked_text<check_output_name>};
constinit const Scalar<std::string> kComment = {{"a text", "One line without `:`."},
                                                checked_text<check_comment>};

}  // namespace composer::blueprint
