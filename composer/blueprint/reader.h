#pragma once

#include <optional>
#include <type_traits>
#include <vector>

#include "composer/blueprint/language.h"
#include "composer/system_request.h"

namespace composer::blueprint {

/// Reads nodes by the tables of the language into the structs of composer/blueprint.h, reporting
/// everything that does not fit.
class Reader {
 public:
  explicit Reader(Findings& findings) : findings_(findings) {}

  Findings& findings() { return findings_; }

  /// The blueprint has `base`, so that some keys are not required.
  void expect_base() { has_base_ = true; }

  /// Reads each known key of a mapping into `target`, the struct of its table.
  void read_mapping(const Node& node, const Mapping& mapping, void* target);

  /// Reports the unknown keys of a mapping that is not read, and of all in it.
  void check_keys(const Node& node, const Mapping& mapping);

  /// Reads one scalar; false when it was refused.
  template <typename T>
  bool read_scalar(const Key& key, const Scalar<T>& type, const Node& node, T& value) {
    if (type.secrecy == Secrecy::secret) findings_.conceal(node);
    if (!expect_scalar(key, type, node)) return false;
    if (std::optional<Refusal> refusal = type.read(node, value)) {
      findings_.report(node, std::move(*refusal));
      return false;
    }
    return type.characters == Characters::any || expect_printable(key, node);
  }

  template <typename T>
  void put(const Key& key, const Scalar<T>& type, const Node& node, T& out) {
    read_scalar(key, type, node, out);
  }
  template <typename T>
  void put(const Key& key, const Scalar<T>& type, const Node& node, Located<T>& out) {
    out.at = node.at;
    read_scalar(key, type, node, out.value);
  }
  template <typename T>
  void put(const Key& key, const Scalar<T>& type, const Node& node,
           std::optional<Located<T>>& out) {
    put(key, type, node, out.emplace());
  }
  /// Each item of the node has its element at the same index, refused ones too.
  template <typename T>
  void put(const Key& key, const Scalar<T>& type, const Node& node, std::vector<Located<T>>& out) {
    for (const Node* item : expect_list(key, node)) put(key, type, *item, out.emplace_back());
  }

  /// Reads a mapping whose keys the author chooses; each entry has its element, refused ones too.
  void put_pairs(const Key& key, const Scalar<std::string>& free_key,
                 const Scalar<std::string>& type, const Node& node, std::vector<PairRequest>& out);

  /// The items of a list, or the one value where the key takes that too; nothing, and a report,
  /// when the node is something else.
  std::vector<const Node*> expect_list(const Key& key, const Node& node);

 private:
  bool expect_scalar(const Key& key, const ScalarDescription& type, const Node& node);
  bool expect_printable(const Key& key, const Node& node);
  /// The same for a text of the value or beside it, such as its key.
  bool expect_printable(const Key& key, const Node& node, std::string_view text, const Span& at);
  bool expect_mapping(const Mapping& mapping, const Node& node);
  bool report_nothing(std::string_view subject, std::string hint, const Node& node);
  void report_unknown(const Mapping& mapping, const Entry& entry,
                      std::vector<std::string_view>& meant);

  Findings& findings_;
  bool has_base_ = false;
};

template <typename T>
struct MemberOf;
template <typename C, typename M>
struct MemberOf<M C::*> {
  using Class = C;
  using Type = M;
};

template <typename T>
constexpr bool is_vector = false;
template <typename T>
constexpr bool is_vector<std::vector<T>> = true;

/// A key whose scalar, or list of scalars, is read into a member.
template <auto member, const auto& type>
constexpr auto key(KeyFacts facts) {
  using Class = typename MemberOf<decltype(member)>::Class;
  using Type = typename MemberOf<decltype(member)>::Type;
  if (is_vector<Type> && facts.arity == Arity::one) facts.arity = Arity::list;
  return KeyOf<Class>{
      {facts, &type, nullptr, [](Reader& reader, const Key& self, const Node& node, void* target) {
         reader.put(self, type, node, static_cast<Class*>(target)->*member);
       }}};
}

/// A key whose scalar goes where `place` says: `Slot& place(T&)`.
template <auto place, const auto& type, typename T>
constexpr KeyOf<T> key_at(KeyFacts facts) {
  return {
      {facts, &type, nullptr, [](Reader& reader, const Key& self, const Node& node, void* target) {
         reader.put(self, type, node, place(*static_cast<T*>(target)));
       }}};
}

/// A key that holds a mapping with free keys: what they and their values may be, two scalars of
/// text say.
template <auto member, const auto& free_key, const auto& type>
constexpr auto pairs(KeyFacts facts) {
  using Class = typename MemberOf<decltype(member)>::Class;
  return KeyOf<Class>{{facts, &type, nullptr,
                       [](Reader& reader, const Key& self, const Node& node, void* target) {
                         reader.put_pairs(self, free_key, type, node,
                                          static_cast<Class*>(target)->*member);
                       },
                       &free_key}};
}

/// A key that holds a mapping, or a list of them, which is read into a member.
template <auto member, const Mapping& (*mapping)()>
constexpr auto section(KeyFacts facts) {
  using Class = typename MemberOf<decltype(member)>::Class;
  using Type = typename MemberOf<decltype(member)>::Type;
  if (is_vector<Type>) facts.arity = Arity::list;
  return KeyOf<Class>{{facts, nullptr, mapping,
                       [](Reader& reader, const Key& self, const Node& node, void* target) {
                         auto& out = static_cast<Class*>(target)->*member;
                         const auto read_one = [&](const Node& one, auto& into) {
                           if constexpr (requires { into.at; }) into.at = one.at;
                           reader.read_mapping(one, mapping(), &into);
                         };
                         if constexpr (is_vector<Type>) {
                           for (const Node* item : reader.expect_list(self, node)) {
                             read_one(*item, out.emplace_back());
                           }
                         } else {
                           read_one(node, out);
                         }
                       }}};
}

/// A key that holds a mapping whose being there means something by itself.
template <auto member, const Mapping& (*mapping)()>
constexpr auto optional_section(KeyFacts facts) {
  using Class = typename MemberOf<decltype(member)>::Class;
  return KeyOf<Class>{
      {facts, nullptr, mapping, [](Reader& reader, const Key&, const Node& node, void* target) {
         auto& into = (static_cast<Class*>(target)->*member).emplace();
         if constexpr (requires { into.at; }) into.at = node.at;
         reader.read_mapping(node, mapping(), &into);
       }}};
}

/// A key that holds a mapping which is read into the same struct as the key's own.
template <typename T, const Mapping& (*mapping)()>
constexpr KeyOf<T> inner_section(KeyFacts facts) {
  return {{facts, nullptr, mapping, [](Reader& reader, const Key&, const Node& node, void* target) {
             reader.read_mapping(node, mapping(), target);
           }}};
}

}  // namespace composer::blueprint
