#include "composer/blueprint/schema.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/list_rules.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

// Editors and validators see a value without its tag, so `key: !remove` is an empty text to them
// and
// `- !remove root` the text `root`; and `${{name}}` may stand for any text. All of these pass,
// except in a blueprint that is made of no other file or section: `complete` holds what only it
// must have.

namespace composer::blueprint {
namespace {

using Json = nlohmann::ordered_json;

/// What stands in place of a value that is no text: nothing after `!remove`, or a variable.
constexpr std::string_view kStandsIn = "^$|\\$\\{\\{";

constexpr std::string_view kAbout =
    "A blueprint of image-composer, or a part of one (part: 1). Before a value may stand a tag: "
    "!replace takes the place of what an extended blueprint or an included part says, !remove "
    "takes "
    "it away (before a key's value, without a value of its own), !merge changes an entry of a "
    "list. "
    "For VS Code: \"yaml.customTags\": [\"!replace scalar\", \"!replace sequence\", \"!replace "
    "mapping\", \"!remove scalar\", \"!remove mapping\", \"!merge mapping\"]. ${{name}} stands for "
    "a variable.";

const TextPattern* pattern_of(const ScalarDescription& type) {
  for (const TextPattern& row : text_patterns()) {
    if (row.type == &type) return &row;
  }
  return nullptr;
}

bool matches(const TextPattern& row, std::string_view text) {
  const std::regex pattern{std::string(row.pattern)};
  return std::regex_match(text.begin(), text.end(), pattern);
}

std::string definition_of(const Mapping& mapping) {
  std::string name(mapping.path);
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name;
}

Json reference_to(std::string_view definition) {
  return {{"$ref", fmt::format("#/$defs/{}", definition)}};
}

std::string capitalised(std::string_view title) {
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (title.starts_with(article)) {
      title.remove_prefix(article.size());
      break;
    }
  }
  std::string out(title);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z')
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::string description_of(const Key& key) {
  std::string out(key.meaning);
  if (key.scalar == nullptr) return out;
  if (!key.scalar->rule.empty()) out += fmt::format(" {}", key.scalar->rule);
  for (const WordDescription& word : key.scalar->words) {
    out += fmt::format("\n- {}: {}", word.word, word.meaning);
  }
  return out;
}

/// A text of the docs without the marks of code: `multi-user.target`, "0644".
std::string bare(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '`' && c != '"') out += c;
  }
  return out;
}

/// What holds without the key, where the docs' words for it are a value.
Json default_of(const Key& key) {
  if (key.scalar == nullptr || key.arity != Arity::one || key.free_key != nullptr) return nullptr;
  const ScalarDescription& type = *key.scalar;
  const std::string text = bare(key.fallback);
  switch (type.shape) {
    case Shape::boolean:
      if (text == "true") return true;
      return text == "false" ? Json(false) : Json();
    case Shape::integer: {
      const bool digits =
          !text.empty() && text.size() < 10 &&
          std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
      return digits ? Json(std::stoll(text)) : Json();
    }
    case Shape::word:
      for (const WordDescription& word : type.words) {
        if (word.word == text) return text;
      }
      return nullptr;
    case Shape::text: {
      // `none`, `empty`, `locked` are words about values.
      const TextPattern* row = pattern_of(type);
      const bool value =
          row != nullptr && row->accepts(text) &&
          (text.find_first_of("/.0123456789") != std::string::npos || text == "root");
      return value ? Json(text) : Json();
    }
  }
  return nullptr;
}

Json text_schema(const ScalarDescription& type) {
  const TextPattern* row = pattern_of(type);
  Json out = Json::object();
  // Scalars are read as they are written, and editors take `4.0` for a number.
  const auto may_be = [&](std::string_view text) { return row == nullptr || matches(*row, text); };
  Json types = Json::array({"string"});
  const bool quoted = &type == &kFileMode;  // 0644 without quotes is two different numbers.
  if (!quoted && (may_be("1") || may_be("42") || may_be("4.0"))) {
    types.push_back("number");
  }
  if (may_be("true")) types.push_back("boolean");
  out["type"] = types.size() == 1 ? types[0] : types;
  if (row != nullptr) {
    out["pattern"] = fmt::format("^(?:{})$|{}", row->pattern, kStandsIn);
    out["examples"] = Json::array({row->example});
  }
  return out;
}

Json scalar_schema(const ScalarDescription& type) {
  switch (type.shape) {
    case Shape::boolean:
      return {{"type", {"boolean", "string"}}, {"pattern", kStandsIn}};
    case Shape::integer:
      return {{"type", {"integer", "string"}},
              {"minimum", type.least},
              {"maximum", type.most},
              {"pattern", kStandsIn}};
    case Shape::word: {
      Json words = Json::array(), meanings = Json::array();
      for (const WordDescription& word : type.words) {
        words.push_back(word.word);
        meanings.push_back(word.meaning);
      }
      Json one = {{"enum", words}, {"enumDescriptions", meanings}};
      return {{"anyOf", Json::array({one, reference_to("stand-in")})}};
    }
    case Shape::text:
      return text_schema(type);
  }
  return Json::object();
}

Json list_of(Json items) {
  return {{"type", {"array", "string"}}, {"maxLength", 0}, {"items", std::move(items)}};
}

/// A mapping whose keys the author chooses.
Json free_mapping(Json values, const ScalarDescription* names) {
  Json out = {{"type", {"object", "string"}}, {"maxLength", 0}};
  const TextPattern* row = names == nullptr ? nullptr : pattern_of(*names);
  if (row != nullptr) out["propertyNames"] = {{"pattern", fmt::format("^(?:{})$", row->pattern)}};
  out["additionalProperties"] = std::move(values);
  return out;
}

Json key_schema(const Key& key) {
  Json value;
  if (key.mapping != nullptr) {
    value = reference_to(definition_of(key.mapping()));
    if (key.arity == Arity::list) value = list_of(std::move(value));
  } else if (key.free_key != nullptr) {
    value = free_mapping(scalar_schema(*key.scalar), key.free_key);
  } else {
    value = scalar_schema(*key.scalar);
    if (key.arity == Arity::list) {
      value = list_of(std::move(value));
    } else if (key.arity == Arity::one_or_list) {
      value = {{"anyOf", Json::array({value, list_of(value)})}};
    }
  }
  Json out = {{"description", description_of(key)}};
  out.update(value);
  if (Json fallback = default_of(key); !fallback.is_null()) out["default"] = std::move(fallback);
  return out;
}

/// The definitions of a mapping and of those in it.
void define(const Mapping& mapping, Arity arity, std::string_view list, Json& definitions) {
  Json out = {{"title", capitalised(mapping.title)},
              {"description", mapping.meaning},
              {"type", {"object", "string"}}};
  if (arity != Arity::list) out["maxLength"] = 0;
  Json& properties = out["properties"] = Json::object();
  for (const Key& key : mapping.keys) properties[std::string(key.name)] = key_schema(key);
  if (arity == Arity::list) {
    const std::vector<std::string_view> names = rule_of(list).names;
    const Key* name = names.empty() ? nullptr : mapping.find(names.front());
    if (name != nullptr && name->presence != Presence::optional) {
      out["required"] = Json::array({name->name});
    }
  }
  out["additionalProperties"] = false;
  definitions[definition_of(mapping)] = std::move(out);
  for (const Key& key : mapping.keys) {
    if (key.mapping != nullptr) define(key.mapping(), key.arity, key.name, definitions);
  }
}

/// What a blueprint of one file must have, beside what every one may; with `base` or without.
Json complete(const Mapping& mapping, bool has_base) {
  Json out = {{"type", "object"}};
  Json required = Json::array(), properties = Json::object();
  for (const Key& key : mapping.keys) {
    if (key.presence == Presence::required ||
        (key.presence == Presence::without_base && !has_base)) {
      required.push_back(key.name);
    }
    if (key.mapping == nullptr) continue;
    Json inner = complete(key.mapping(), has_base);
    properties[std::string(key.name)] = key.arity == Arity::list
                                            ? Json{{"type", "array"}, {"items", std::move(inner)}}
                                            : std::move(inner);
  }
  if (!required.empty()) out["required"] = std::move(required);
  if (!properties.empty()) out["properties"] = std::move(properties);
  return out;
}

enum class Place { blueprint, part, profile, architecture };

Json composition_schema(std::string_view name) {
  if (const Key* key = composition_mapping().find(name)) return key_schema(*key);
  Json out;
  if (name == kVariables) {
    out = {{"description", "Texts that ${{NAME}} stands for in values; --set NAME=VALUE wins."}};
    out.update(free_mapping({{"type", {"string", "number", "boolean"}}}, &kProfileName));
  } else if (name == kProfiles) {
    out = {{"description", "Keys that are merged where the profile of this name is on."}};
    out.update(free_mapping(reference_to("profile"), &kProfileName));
  } else {
    out = {{"description", "Keys that are merged where 'arch' is this one."}, {"type", "object"}};
    for (const WordDescription& word : kArchitecture.words) {
      out["properties"][std::string(word.word)] = reference_to("architecture");
    }
    out["additionalProperties"] = false;
  }
  return out;
}

bool belongs_in(std::string_view key, Place place) {
  if (key == "extends" || key == "select") return place == Place::blueprint;
  if (key == kProfiles) return place == Place::blueprint || place == Place::part;
  if (key == kPerArch) return place != Place::architecture;
  if (key == "arch") return place == Place::blueprint || place == Place::part;
  return key != "blueprint" || place == Place::blueprint;
}

/// The keys of a file or of a section in it.
Json keys_of(Place place, std::string_view title) {
  Json out = {{"title", title}, {"type", "object"}};
  Json& properties = out["properties"] = Json::object();
  if (place == Place::part) {
    properties["part"] = {{"description", "Version of the language that the part is written in."},
                          {"const", 1}};
  }
  const Mapping& mapping = blueprint_mapping();
  for (const Key& key : mapping.keys) {
    if (!belongs_in(key.name, place)) continue;
    properties[std::string(key.name)] = key.name == "blueprint"
                                            ? Json{{"description", key.meaning}, {"const", 1}}
                                            : key_schema(key);
  }
  for (const std::string_view name : kCompositionKeys) {
    if (belongs_in(name, place)) properties[std::string(name)] = composition_schema(name);
  }
  out["additionalProperties"] = false;
  return out;
}

}  // namespace

std::string language_schema() {
  Json definitions = Json::object();
  Json blueprint = keys_of(Place::blueprint, "Blueprint");
  blueprint["required"] = Json::array({"blueprint", "name"});
  Json others = Json::array();
  for (const std::string_view key : {"extends", "include"}) {
    others.push_back({{"required", Json::array({key})}});
  }
  for (const std::string_view key : {kProfiles, kPerArch}) {
    others.push_back({{"required", Json::array({key})}});
  }
  blueprint["if"] = {{"not", {{"anyOf", std::move(others)}}}};
  blueprint["then"] = {{"if", {{"required", Json::array({"base"})}}},
                       {"then", complete(blueprint_mapping(), true)},
                       {"else", complete(blueprint_mapping(), false)}};
  Json part = keys_of(Place::part, "Part of blueprints");
  part["required"] = Json::array({"part"});
  definitions["blueprint"] = std::move(blueprint);
  definitions["part"] = std::move(part);
  definitions["profile"] = keys_of(Place::profile, "Profile");
  definitions["architecture"] = keys_of(Place::architecture, "Keys of one architecture");
  definitions["stand-in"] = {{"description", "A variable, ${{name}}, or nothing after !remove."},
                             {"type", "string"},
                             {"pattern", kStandsIn}};
  for (const Key& key : blueprint_mapping().keys) {
    if (key.mapping != nullptr) define(key.mapping(), key.arity, key.name, definitions);
  }
  const Json schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"$id", "urn:image-composer:blueprint:1"},
      {"title", "image-composer blueprint"},
      {"description", kAbout},
      {"type", "object"},
      {"if", {{"required", Json::array({"part"})}}},
      {"then", reference_to("part")},
      {"else", reference_to("blueprint")},
      {"$defs", std::move(definitions)},
  };
  return schema.dump(2) + "\n";
}

}  // namespace composer::blueprint
