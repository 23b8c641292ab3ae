#include "composer/blueprint/merge.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "composer/blueprint/list_rules.h"
#include "composer/error.h"

// A hostile blueprint may have tens of thousands of keys and entries, so names are looked up in a
// map, and what is removed is only marked until all of the list is done.

namespace composer::blueprint {
namespace {

std::string_view noun_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::scalar:
      return "a text";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
    default:
      return "nothing";
  }
}

std::string note_of(const Span& at, std::string_view what) {
  if (!at) return fmt::format("note: {}", what);
  return fmt::format("note: {}:{}:{} {}", at.source->name, at.line, at.column, what);
}

bool is_empty(const Node& node) {
  return node.kind == Node::Kind::nothing || node.kind == Node::Kind::refused;
}

const Mapping* mapping_of(const Key* key) {
  return key != nullptr && key->mapping != nullptr ? &key->mapping() : nullptr;
}

/// Whether a message may quote the text of a value. What the language does not know may be
/// anything.
bool may_be_shown(const Key* key) {
  return key != nullptr && key->scalar != nullptr && key->scalar->secrecy == Secrecy::shown;
}

/// `did you mean 'root'?`, else what there is.
std::string suggestion(std::string_view word, const std::vector<std::string>& known,
                       std::string_view noun) {
  if (const auto near = nearest(word, known)) return fmt::format("did you mean '{}'?", *near);
  if (known.empty()) return fmt::format("there is no {} yet: what comes first has no tag", noun);
  constexpr std::size_t kMost = 8;
  std::string all;
  for (std::size_t i = 0; i < std::min(known.size(), kMost); ++i) {
    all += fmt::format("{}'{}'", i == 0 ? "" : ", ", known[i]);
  }
  return fmt::format("what is there: {}{}", all, known.size() > kMost ? ", …" : "");
}

/// The entries of a list while another list is laid over it.
class OpenList {
 public:
  OpenList(Node& list, const ListRule& rule) : list_(list), rule_(rule) {
    for (std::size_t i = 0; i < list_.items.size(); ++i) index(i);
    gone_.resize(list_.items.size());
    before_ = list_.items.size();
  }
  OpenList(const OpenList&) = delete;
  OpenList& operator=(const OpenList&) = delete;
  ~OpenList() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < list_.items.size(); ++i) {
      if (gone_[i]) continue;
      if (kept != i) list_.items[kept] = std::move(list_.items[i]);
      ++kept;
    }
    list_.items.resize(kept);
  }

  const ListRule& rule() const { return rule_; }
  Node* find(const std::string& name) {
    const auto found = places_.find(name);
    return found == places_.end() ? nullptr : &list_.items[found->second];
  }
  /// Whether the entry came before this layer.
  bool is_older(const std::string& name) const { return places_.at(name) < before_; }
  void add(Node entry) {
    list_.items.push_back(std::move(entry));
    gone_.push_back(false);
    index(list_.items.size() - 1);
  }
  void remove(const std::string& name) {
    gone_[places_.at(name)] = true;
    places_.erase(name);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, place] : places_) all.push_back(name);
    return all;
  }

 private:
  void index(std::size_t i) {
    if (auto name = name_of(list_.items[i], rule_)) places_.try_emplace(std::move(*name), i);
  }

  Node& list_;
  const ListRule& rule_;
  std::map<std::string, std::size_t> places_;
  std::vector<bool> gone_;
  std::size_t before_ = 0;
};

/// Lays lists and mappings over others.
class Layer {
 public:
  explicit Layer(Findings& findings) : findings_(findings) {}

  void lay_mapping(Node& base, const Node& over, const Mapping* mapping);

 private:
  void lay_value(Node& base, const Entry& over, const Key* key);
  void lay_list(Node& base, const Node& over, std::string_view name, const Key* key);
  void lay_tagged(OpenList& list, const Node& item, std::string_view name, const Key* key);
  Node fresh(const Node& node, std::string_view name, const Key* key, const Mapping* mapping);

  Findings& findings_;
};

/// A value that takes no other's place: tags in it have nothing to change.
Node Layer::fresh(const Node& node, std::string_view name, const Key* key, const Mapping* mapping) {
  if (node.kind == Node::Kind::scalar || is_empty(node)) {
    Node copy = node;
    copy.change = Change::none;
    return copy;
  }
  Node out;
  out.kind = node.kind;
  out.at = node.at;
  if (node.kind == Node::Kind::mapping) {
    lay_mapping(out, node, mapping);
  } else {
    lay_list(out, node, name, key);
  }
  return out;
}

void Layer::lay_mapping(Node& base, const Node& over, const Mapping* mapping) {
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t i = 0; i < base.entries.size(); ++i) places.emplace(base.entries[i].key, i);
  std::vector<bool> gone(base.entries.size());
  for (const Entry& entry : over.entries) {
    const Key* key = mapping != nullptr ? mapping->find(entry.key) : nullptr;
    const auto found = places.find(entry.key);
    const Change change = entry.value.change;
    if (change == Change::merge) {
      findings_.report(entry.value.tag_at,
                       {fmt::format("'!merge' before the value of '{}'", entry.key),
                        "remove it: mappings are merged key by key without it, and lists append"});
      continue;
    }
    if (change == Change::remove && entry.value.kind != Node::Kind::nothing) {
      findings_.report(
          entry.value.tag_at,
          {fmt::format("'!remove' takes '{}' away, and has a value", entry.key),
           fmt::format("write '{}: !remove', or '!replace' before the value", entry.key)});
      continue;
    }
    if (change != Change::none && found == places.end()) {
      std::vector<std::string> known;
      for (const auto& [name, place] : places) known.push_back(name);
      const std::string_view verb = change == Change::remove ? "remove" : "replace";
      findings_.report(entry.value.tag_at, {fmt::format("there is no '{}' to {}", entry.key, verb),
                                            suggestion(entry.key, known, "key")});
      continue;
    }
    if (change == Change::remove) {
      gone[found->second] = true;
      places.erase(found);
    } else if (change == Change::replace) {
      Entry& there = base.entries[found->second];
      there = {entry.key, entry.key_at, fresh(entry.value, entry.key, key, mapping_of(key))};
    } else if (found == places.end()) {
      places.emplace(entry.key, base.entries.size());
      gone.push_back(false);
      base.entries.push_back(
          {entry.key, entry.key_at, fresh(entry.value, entry.key, key, mapping_of(key))});
    } else {
      lay_value(base.entries[found->second].value, entry, key);
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < base.entries.size(); ++i) {
    if (gone[i]) continue;
    if (kept != i) base.entries[kept] = std::move(base.entries[i]);
    ++kept;
  }
  base.entries.resize(kept);
  base.at = over.at;
}

void Layer::lay_value(Node& base, const Entry& entry, const Key* key) {
  const Node& over = entry.value;
  // What has no value is reported when the merged blueprint is read.
  if (is_empty(base)) return;
  if (is_empty(over)) {
    base = over;
    return;
  }
  const bool one_or_list = key != nullptr && key->arity == Arity::one_or_list;
  if (base.kind == Node::Kind::mapping && over.kind == Node::Kind::mapping) {
    lay_mapping(base, over, mapping_of(key));
    return;
  }
  if (base.kind == Node::Kind::scalar && over.kind == Node::Kind::scalar) {
    if (base.text == over.text) return;
    const bool shown = may_be_shown(key);
    const bool short_enough = over.text.size() <= 60 && over.style != Node::Style::block;
    findings_.report(
        over.at, {shown ? fmt::format("'{}' is already set to '{}'", entry.key, base.text)
                        : fmt::format("'{}' is already set to another value", entry.key),
                  shown && short_enough ? fmt::format("write '{}: !replace {}' to take its place",
                                                      entry.key, over.text)
                                        : "write '!replace' before the value to take its place",
                  Secrecy::shown,
                  {note_of(base.at, "sets it")}});
    return;
  }
  const auto is_list = [&](const Node& node) {
    return node.kind == Node::Kind::sequence || (one_or_list && node.kind == Node::Kind::scalar);
  };
  if (is_list(base) && is_list(over)) {
    const auto as_list = [](const Node& node) {
      if (node.kind == Node::Kind::sequence) return node;
      Node list;
      list.kind = Node::Kind::sequence;
      list.at = node.at;
      list.items.push_back(node);
      return list;
    };
    base = as_list(base);
    lay_list(base, as_list(over), entry.key, key);
    return;
  }
  findings_.report(over.at, {fmt::format("'{}' is {} here, and was {} before", entry.key,
                                         noun_of(over.kind), noun_of(base.kind)),
                             "write '!replace' before the value to take its place",
                             Secrecy::shown,
                             {note_of(base.at, "sets it")}});
}

/// One entry with a tag.
void Layer::lay_tagged(OpenList& list, const Node& item, std::string_view name, const Key* key) {
  const ListRule& rule = list.rule();
  const bool entries = rule.kind == ListRule::Kind::entries;
  const std::optional<std::string> own_name = name_of(item, rule);
  const std::string_view verb = to_text(item.change).substr(1);
  const auto refuse = [&](std::string message, std::string hint) {
    findings_.report(item.tag_at, {std::move(message), std::move(hint)});
  };
  if (item.change != Change::remove && (!entries || item.kind != Node::Kind::mapping)) {
    return refuse(fmt::format("'!{}' before an entry of '{}' that is no mapping", verb, name),
                  "write '- !remove' before the old entry, and add the new one");
  }
  if (!own_name) {
    return refuse(
        fmt::format("'!{}' before an entry of '{}' without a name", verb, name),
        entries ? fmt::format("give it the '{}' of the entry that is meant", rule.names.front())
                : "write the entry after it");
  }
  if (item.change == Change::remove && item.entries.size() > 1) {
    return refuse(fmt::format("'!remove' takes '{}' away, and has more than its name", *own_name),
                  fmt::format("write '- !remove {}', or '!replace'", *own_name));
  }
  Node* there = list.find(*own_name);
  if (there == nullptr) {
    return refuse(fmt::format("there is no '{}' in '{}' to {}", *own_name, name,
                              item.change == Change::merge ? "merge with" : verb),
                  suggestion(*own_name, list.names(), "entry"));
  }
  if (!list.is_older(*own_name)) {
    return refuse(fmt::format("'{}' is added by this same list", *own_name),
                  "change it where it is added");
  }
  if (item.change == Change::remove) {
    list.remove(*own_name);
  } else if (item.change == Change::replace) {
    *there = fresh(item, name, key, mapping_of(key));
  } else if (there->kind == Node::Kind::mapping) {
    lay_mapping(*there, item, mapping_of(key));
  }
}

void Layer::lay_list(Node& base, const Node& over, std::string_view name, const Key* key) {
  const ListRule rule = rule_of(name);
  OpenList list(base, rule);
  for (const Node& item : over.items) {
    const std::optional<std::string> own_name = name_of(item, rule);
    if (item.change != Change::none) {
      lay_tagged(list, item, name, key);
      continue;
    }
    const Node* there = own_name ? list.find(*own_name) : nullptr;
    if (there == nullptr || !list.is_older(*own_name) || rule.kind == ListRule::Kind::texts) {
      // Twice in one list is for the checks to judge.
      list.add(fresh(item, name, key, mapping_of(key)));
    } else if (item.kind == Node::Kind::mapping) {
      findings_.report(item.at,
                       {fmt::format("'{}' has an entry '{}' already", name, *own_name),
                        "write '- !merge {…}' to change it, '- !replace {…}' to take its place",
                        Secrecy::shown,
                        {note_of(there->at, "adds it")}});
    }
  }
  base.at = over.at;
}

}  // namespace

void lay_over(Node& base, const Node& over, const Mapping* mapping, Findings& findings) {
  Layer(findings).lay_mapping(base, over, mapping);
}

}  // namespace composer::blueprint
