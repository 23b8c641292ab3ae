#include "composer/solve/repository_source.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

#include "composer/base/source_folder.h"
#include "composer/error.h"
#include "composer/host/download.h"
#include "composer/solve/xml.h"

namespace composer::solve {
namespace {

constexpr std::size_t kMostMirrors = 200;

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_web(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

/// Bounded, printable and with a host: what a list from outside may name.
bool is_usable_mirror(std::string_view url) {
  return is_web(url) && url.size() <= 1024 && url.find('@') == std::string_view::npos &&
         std::all_of(url.begin(), url.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte > 0x20 && byte < 0x7f;
         });
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string value_of(std::string_view name, const Located<std::string>& text,
                     const Blueprint& blueprint) {
  if (name == "basearch" || name == "arch") return std::string(to_text(*blueprint.arch));
  if (name != "releasever") {
    throw Error(ErrorKind::usage, Problem{fmt::format("unknown variable '${}'", name),
                                          text.at,
                                          {},
                                          "the variables are $basearch, $arch and $releasever"});
  }
  if (!blueprint.releasever) {
    throw Error(ErrorKind::usage,
                Problem{"'$releasever' is used, but the blueprint has no 'releasever'",
                        text.at,
                        {},
                        "add a line like `releasever: \"4.0\"`"});
  }
  return **blueprint.releasever;
}

int preference_of(const XmlEvents::Attributes& attributes) {
  const auto it = attributes.find("preference");
  int value = 0;
  if (it != attributes.end()) {
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  }
  return value;
}

}  // namespace

std::string expand_variables(const Located<std::string>& text, const Blueprint& blueprint) {
  std::string out;
  const std::string_view rest = text.value;
  for (std::size_t i = 0; i < rest.size();) {
    if (rest[i] != '$') {
      out += rest[i++];
      continue;
    }
    const bool braces = i + 1 < rest.size() && rest[i + 1] == '{';
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < rest.size() && is_name(rest[end])) ++end;
    if (end == begin || (braces && (end == rest.size() || rest[end] != '}'))) {
      throw Error(ErrorKind::usage,
                  Problem{fmt::format("'$' without a variable's name in '{}'", *text),
                          text.at,
                          {},
                          "the variables are $basearch, $arch and $releasever"});
    }
    out += value_of(rest.substr(begin, end - begin), text, blueprint);
    i = end + (braces ? 1 : 0);
  }
  return out;
}

std::string absolute_url(const Located<std::string>& text, const Blueprint& blueprint) {
  const std::string url = without_slash(expand_variables(text, blueprint));
  const auto colon = url.find("://");
  if (colon == std::string::npos) {
    std::filesystem::path path = url.empty() ? "/" : url;
    if (path.is_relative()) path = folder_of(text.at, blueprint.path.parent_path()) / path;
    return without_slash(host::file_url(std::filesystem::absolute(path).lexically_normal()));
  }
  if (url.starts_with("file://")) {
    if (host::local_path(url)) return url;
    throw Error(
        ErrorKind::usage,
        Problem{
            fmt::format("'{}' names no absolute path", url), text.at, {}, "write file:///path"});
  }
  if (!is_web(url)) {
    throw Error(ErrorKind::usage, Problem{fmt::format("cannot fetch '{}': unknown scheme '{}'", url,
                                                      url.substr(0, colon)),
                                          text.at,
                                          {},
                                          "use https, http, file or a path"});
  }
  const std::string_view authority =
      std::string_view(url).substr(colon + 3, url.find('/', colon + 3) - colon - 3);
  if (authority.find('@') != std::string_view::npos) {
    throw Error(ErrorKind::usage,
                Problem{"a user name or password in a URL would end up in the plan",
                        text.at,
                        {},
                        "fetch the repository by a mirror of your own"});
  }
  if (!is_usable_mirror(url) && !std::all_of(url.begin(), url.end(), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
      })) {
    throw Error(ErrorKind::usage, Problem{fmt::format("'{}' is not a URL", url), text.at, {}, {}});
  }
  return url;
}

std::vector<std::string> parse_mirrorlist(std::string_view list, std::string_view source) {
  std::vector<std::string> urls;
  while (!list.empty() && urls.size() < kMostMirrors) {
    const auto end = list.find('\n');
    std::string_view line = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) {
      line.remove_suffix(1);
    }
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front()))) {
      line.remove_prefix(1);
    }
    const bool local = !is_web(source) && host::local_path(line).has_value();
    if (is_usable_mirror(line) || local) urls.push_back(without_slash(std::string(line)));
  }
  if (urls.empty()) {
    throw Error(ErrorKind::build, fmt::format("the mirror list '{}' names no mirror", source));
  }
  return urls;
}

bool looks_like_metalink(std::string_view document) {
  return document.substr(0, 4096).find("<metalink") != std::string_view::npos;
}

Metalink parse_metalink(std::string_view document, std::string_view source) {
  constexpr std::string_view kTail = "/repodata/repomd.xml";
  Metalink metalink;
  std::vector<std::pair<int, std::string>> urls;
  bool in_file = false;
  std::string hash_type;
  int preference = 0;
  XmlEvents events;
  events.begin = [&](std::string_view element, const XmlEvents::Attributes& attributes) {
    if (element == "file") {
      const auto name = attributes.find("name");
      in_file = name != attributes.end() && name->second == "repomd.xml";
    }
    if (element == "hash") {
      const auto type = attributes.find("type");
      hash_type = type == attributes.end() ? "" : type->second;
    }
    if (element == "url") preference = preference_of(attributes);
  };
  events.end = [&](std::string_view element, std::string_view text) {
    if (!in_file) return;
    if (element == "hash") {
      const auto algorithm = host::strong_algorithm(hash_type);
      if (algorithm && host::is_digest(*algorithm, text)) {
        metalink.checksums.push_back({*algorithm, std::string(text)});
      }
    }
    if (element == "url" && is_usable_mirror(text) && text.ends_with(kTail)) {
      text.remove_suffix(kTail.size());
      urls.emplace_back(preference, without_slash(std::string(text)));
    }
  };
  read_xml(document, source, events);
  // https before http of the same preference; else as the document has them.
  std::stable_sort(urls.begin(), urls.end(), [](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    return a.second.starts_with("https:") && !b.second.starts_with("https:");
  });
  for (auto& [rank, url] : urls) {
    if (metalink.baseurls.size() < kMostMirrors) metalink.baseurls.push_back(std::move(url));
  }
  if (metalink.baseurls.empty()) {
    throw Error(ErrorKind::build, fmt::format("the metalink '{}' names no mirror", source));
  }
  if (metalink.checksums.empty()) {
    throw Error(ErrorKind::build,
                fmt::format("the metalink '{}' has no strong checksum of repomd.xml", source));
  }
  return metalink;
}

}  // namespace composer::solve
