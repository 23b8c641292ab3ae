#include "composer/blueprint/secrets.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/variables.h"

namespace composer::blueprint {
namespace {

void conceal_values(const Node& node, const Mapping& mapping, Findings& findings,
                    std::set<std::string>& variables) {
  for (const Node& item : node.items) conceal_values(item, mapping, findings, variables);
  for (const Entry& entry : node.entries) {
    const Key* key = mapping.find(entry.key);
    if (is_secret(mapping, entry.key)) {
      findings.conceal(entry.value);
      variables.merge(variables_in(entry.value.text));
    } else if (key != nullptr && key->mapping != nullptr) {
      conceal_values(entry.value, key->mapping(), findings, variables);
    }
  }
}

}  // namespace

bool is_secret(const Mapping& mapping, std::string_view name) {
  if (const Key* key = mapping.find(name)) {
    return key->scalar != nullptr && key->scalar->secrecy == Secrecy::secret;
  }
  return std::any_of(mapping.strangers.begin(), mapping.strangers.end(), [&](const auto& known) {
    return known.key == name && known.secrecy == Secrecy::secret;
  });
}

void conceal_secrets(const std::vector<const Node*>& owns, Findings& findings) {
  std::multimap<std::string_view, const Node*> values;
  for (const Node* own : owns) {
    const Node* variables = own->find(kVariables);
    if (variables == nullptr) continue;
    for (const Entry& entry : variables->entries) values.emplace(entry.key, &entry.value);
  }
  std::set<std::string> secret;
  for (const Node* own : owns) conceal_values(*own, blueprint_mapping(), findings, secret);
  // Variables that secret ones are made of, until there are no more.
  std::vector<std::string> waiting(secret.begin(), secret.end());
  while (!waiting.empty()) {
    const std::string name = std::move(waiting.back());
    waiting.pop_back();
    const auto [first, last] = values.equal_range(name);
    for (auto it = first; it != last; ++it) {
      findings.conceal(*it->second);
      for (const std::string& other : variables_in(it->second->text)) {
        if (secret.insert(other).second) waiting.push_back(other);
      }
    }
  }
}

}  // namespace composer::blueprint
