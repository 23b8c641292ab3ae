#pragma once

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "composer/base/base64.h"
#include "composer/error.h"
#include "composer/plan/plan_members.h"

// Structures as JSON: each lists its members once, in `members`; writing and reading both walk that
// list, so that they cannot disagree.

namespace composer::json_values {

using Json = nlohmann::ordered_json;

inline std::string_view to_text(PackageReason reason) {
  switch (reason) {
    case PackageReason::asked:
      return "asked";
    case PackageReason::dependency:
      return "dependency";
    case PackageReason::weak:
      return "weak";
    case PackageReason::base:
      return "base";
  }
  return "unknown";
}

/// The last enumerator of each enumeration, to walk its values.
template <typename T>
constexpr T kLast = T{};
template <>
constexpr auto kLast<Architecture> = Architecture::aarch64;
template <>
constexpr auto kLast<PartitionTableType> = PartitionTableType::mbr;
template <>
constexpr auto kLast<FilesystemType> = FilesystemType::swap;
template <>
constexpr auto kLast<Firmware> = Firmware::both;
template <>
constexpr auto kLast<Loader> = Loader::uki;
template <>
constexpr auto kLast<OutputFormat> = OutputFormat::kernel;
template <>
constexpr auto kLast<Compression> = Compression::zstd_fast;
template <>
constexpr auto kLast<SectorSize> = SectorSize::native_4096;
template <>
constexpr auto kLast<PartitionType> = PartitionType::linux_data;
template <>
constexpr auto kLast<UkiSource> = UkiSource::packaged;
template <>
constexpr auto kLast<InitramfsMaker> = InitramfsMaker::systemd;
template <>
constexpr auto kLast<PackageManager> = PackageManager::removed;
template <>
constexpr auto kLast<LintProfile> = LintProfile::container;
template <>
constexpr auto kLast<SelinuxMode> = SelinuxMode::disabled;
template <>
constexpr auto kLast<ScriptMoment> = ScriptMoment::after_configuration;
template <>
constexpr auto kLast<FirewallBackend> = FirewallBackend::nftables;
template <>
constexpr auto kLast<PackageReason> = PackageReason::base;

// --- writing ---------------------------------------------------------------------------------

class Writer {
 public:
  template <typename T>
  static Json encode(T& value) {
    if constexpr (std::is_same_v<T, Bytes>) {
      return value.count;
    } else if constexpr (std::is_enum_v<T>) {
      return std::string(to_text(value));
    } else if constexpr (std::is_same_v<T, Content>) {
      return encode_content(value);
    } else if constexpr (requires(Writer & w) { members(w, value); }) {
      Writer writer;
      members(writer, value);
      return std::move(writer.object_);
    } else {
      return value;
    }
  }
  template <typename T>
  static Json encode(std::vector<T>& values) {
    Json list = Json::array();
    for (T& value : values) list.push_back(encode(value));
    return list;
  }
  template <typename T>
  static Json encode(std::optional<T>& value) {
    return value ? encode(*value) : Json(nullptr);
  }
  static Json encode_content(const Content& content) {
    Json text = *content.bytes;
    try {
      (void)text.dump();
      return text;
    } catch (const Json::type_error&) {  // Not UTF-8.
      return Json{{"base64", base64_encode(*content.bytes)}};
    }
  }

  template <typename T>
  void operator()(const char* key, T&& value) {
    object_[key] = encode(value);
  }
  /// A key that is left out where there is no value.
  template <typename T>
  void where_there(const char* key, std::optional<T>& value) {
    if (value) (*this)(key, value);
  }
  /// A key that is left out where the answer is no, or the list empty.
  void where_true(const char* key, bool& value) {
    if (value) (*this)(key, value);
  }
  template <typename T>
  void where_any(const char* key, std::vector<T>& value) {
    if (!value.empty()) (*this)(key, value);
  }

 private:
  Json object_ = Json::object();
};

// --- reading ---------------------------------------------------------------------------------

class Reader {
 public:
  Reader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object.is_object()) fail(path_, "an object is needed here");
  }
  /// Refuses keys that no member asked for.
  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(seen_.begin(), seen_.end(), key) == seen_.end()) {
        fail(path_ + key, "this key is unknown");
      }
    }
  }

  template <typename T>
  void operator()(const char* key, T&& value) {
    seen_.emplace_back(key);
    const auto found = object_.find(key);
    if (found == object_.end()) fail(path_ + key, "this key is missing");
    decode(*found, value, path_ + key);
  }
  template <typename T>
  void where_there(const char* key, std::optional<T>& value) {
    if (object_.contains(key)) (*this)(key, value);
  }
  void where_true(const char* key, bool& value) {
    if (object_.contains(key)) (*this)(key, value);
  }
  template <typename T>
  void where_any(const char* key, std::vector<T>& value) {
    if (object_.contains(key)) (*this)(key, value);
  }

  template <typename T>
  static void decode(const Json& json, T& value, const std::string& path) {
    if constexpr (std::is_same_v<T, Bytes>) {
      decode(json, value.count, path);
    } else if constexpr (std::is_enum_v<T>) {
      decode_enum(json, value, path);
    } else if constexpr (std::is_same_v<T, Content>) {
      decode_content(json, value, path);
    } else if constexpr (std::is_same_v<T, bool>) {
      if (!json.is_boolean()) fail(path, "true or false is needed here");
      value = json.get<bool>();
    } else if constexpr (std::is_unsigned_v<T>) {
      if (!json.is_number_unsigned() || json.get<std::uint64_t>() > std::numeric_limits<T>::max()) {
        fail(path, "a whole number that is not negative is needed here");
      }
      value = json.get<T>();
    } else if constexpr (std::is_integral_v<T>) {
      if (!json.is_number_integer()) fail(path, "a whole number is needed here");
      value = json.get<T>();
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!json.is_string()) fail(path, "a string is needed here");
      value = json.get<std::string>();
    } else {
      Reader reader(json, path + ".");
      members(reader, value);
      reader.finish();
    }
  }
  template <typename T>
  static void decode(const Json& json, std::vector<T>& values, const std::string& path) {
    if (!json.is_array()) fail(path, "a list is needed here");
    values.clear();
    for (const Json& item : json) {
      const std::string item_path = fmt::format("{}[{}]", path, values.size());
      decode(item, values.emplace_back(), item_path);
    }
  }
  template <typename T>
  static void decode(const Json& json, std::optional<T>& value, const std::string& path) {
    value.reset();
    if (!json.is_null()) decode(json, value.emplace(), path);
  }
  static void decode_content(const Json& json, const Content& content, const std::string& path) {
    if (json.is_string()) {
      *content.bytes = json.get<std::string>();
      return;
    }
    const auto found = json.is_object() ? json.find("base64") : json.end();
    std::optional<std::string> bytes;
    if (json.is_object() && json.size() == 1 && found != json.end() && found->is_string()) {
      bytes = base64_decode(found->get<std::string>());
    }
    if (!bytes) fail(path, R"(a string or {"base64": "…"} is needed here)");
    *content.bytes = std::move(*bytes);
  }

  [[noreturn]] static void fail(const std::string& path, std::string_view why) {
    throw Error(ErrorKind::usage, fmt::format("{}: {}", path, why));
  }

 private:
  template <typename T>
  static void decode_enum(const Json& json, T& value, const std::string& path) {
    std::string text;
    decode(json, text, path);
    for (int i = 0; i <= static_cast<int>(kLast<T>); ++i) {
      if (to_text(static_cast<T>(i)) != text) continue;
      value = static_cast<T>(i);
      return;
    }
    fail(path, fmt::format("'{}' is not one of the values of this key", text));
  }

  const Json& object_;
  std::string path_;
  std::vector<std::string> seen_;
};

// --- whole texts -----------------------------------------------------------------------------

/// Two spaces of indent and a final newline: the same value gives the same bytes.
template <typename T>
std::string write(const T& value) {
  T copy = value;  // `members` takes what it visits by reference, for reading.
  return Writer::encode(copy).dump(2) + "\n";
}

/// @param name  Of the text's source, for errors.
/// @param hint  How to make it anew, where its format is of another version.
template <typename T>
T read(std::string_view text, std::string_view name, std::string_view hint) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(ErrorKind::usage, fmt::format("'{}' is not JSON: {}", name, error.what()));
  }
  return with_context(fmt::format("while reading '{}'", name), [&] {
    if (json.is_object() && json.contains("format") && json["format"] != T{}.format) {
      throw Error(ErrorKind::usage,
                  fmt::format("its format {} is not the one that this version reads, {}",
                              json["format"].dump(), T{}.format),
                  std::string(hint));
    }
    T value;
    Reader reader(json, "");
    members(reader, value);
    reader.finish();
    return value;
  });
}

}  // namespace composer::json_values
