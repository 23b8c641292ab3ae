#include "composer/solve/subject.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fnmatch.h>
#include <optional>
#include <string>

namespace composer::solve {
namespace {

/// A text read as one of the NEVRA forms; what is empty is not asked for.
struct Nevra {
  std::string name, version, release, arch;
  std::optional<unsigned> epoch;
};

enum class Form { nevra, na, name, nevr, nev };
/// libdnf's HY_FORMS_MOST_SPEC.
constexpr Form kForms[] = {Form::nevra, Form::na, Form::name, Form::nevr, Form::nev};

bool has_any(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != std::string_view::npos;
}

/// Cuts `text` at its last `separator`; false when a side would be empty.
bool cut_last(std::string& text, char separator, std::string& tail) {
  const auto at = text.rfind(separator);
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) return false;
  tail = text.substr(at + 1);
  text.resize(at);
  return true;
}

/// libdnf's NEVRA_FORM_REGEX without regular expressions.
std::optional<Nevra> parse(std::string_view text, Form form) {
  Nevra nevra;
  nevra.name = text;
  if (form == Form::nevra || form == Form::na) {
    if (!cut_last(nevra.name, '.', nevra.arch) || has_any(nevra.arch, "-:(/=<> ")) {
      return std::nullopt;
    }
  }
  if (form == Form::nevra || form == Form::nevr) {
    if (!cut_last(nevra.name, '-', nevra.release) || has_any(nevra.release, ":(/=<> ")) {
      return std::nullopt;
    }
  }
  if (form == Form::nevra || form == Form::nevr || form == Form::nev) {
    if (!cut_last(nevra.name, '-', nevra.version)) return std::nullopt;
    if (const auto colon = nevra.version.find(':'); colon != std::string::npos) {
      unsigned epoch = 0;
      const char* end = nevra.version.data() + colon;
      const auto [stop, error] = std::from_chars(nevra.version.data(), end, epoch);
      if (colon == 0 || error != std::errc() || stop != end) return std::nullopt;
      nevra.epoch = epoch;
      nevra.version.erase(0, colon + 1);
    }
    if (nevra.version.empty() || has_any(nevra.version, ":(/=<> ")) return std::nullopt;
  }
  if (nevra.name.empty() || has_any(nevra.name, ":(/=<> ")) return std::nullopt;
  return nevra;
}

/// A pattern for one field; `*` alone asks for nothing, like libdnf.
class Field {
 public:
  explicit Field(const std::string& pattern)
      : pattern_(pattern == "*" ? "" : pattern), glob_(is_glob(pattern_)) {}

  bool is_set() const { return !pattern_.empty(); }
  bool matches(const char* text) const {
    return glob_ ? ::fnmatch(pattern_.c_str(), text, 0) == 0 : pattern_ == text;
  }
  /// The same, but what is no glob is compared as rpm compares versions: 1.0 and 1.00 are equal.
  bool matches_version(Pool* pool, const char* text) const {
    if (glob_) return matches(text);
    return pool_evrcmp_str(pool, (std::string(text) + "-0").c_str(), (pattern_ + "-0").c_str(),
                           EVRCMP_COMPARE) == 0;
  }

 private:
  std::string pattern_;
  bool glob_;
};

struct Evr {
  unsigned epoch = 0;
  std::string version, release;
};

Evr split_evr(const char* text) {
  Evr evr;
  std::string rest = text;
  if (const auto colon = rest.find(':');
      colon != std::string::npos && colon > 0 && rest.find_first_not_of("0123456789") == colon) {
    std::from_chars(rest.data(), rest.data() + colon, evr.epoch);
    rest.erase(0, colon + 1);
  }
  if (const auto dash = rest.rfind('-'); dash != std::string::npos) {
    evr.release = rest.substr(dash + 1);
    rest.resize(dash);
  }
  evr.version = rest;
  return evr;
}

bool is_source(const Solvable& solvable) {
  return solvable.arch == ARCH_SRC || solvable.arch == ARCH_NOSRC;
}

/// Of `packages`, those that are to be had, are no sources, and that `wanted` takes.
template <typename Wanted>
std::vector<Id> filter(const Universe& universe, const std::vector<Id>& packages, Wanted&& wanted) {
  std::vector<Id> found;
  for (const Id id : packages) {
    Solvable& solvable = universe.pool()->solvables[id];
    if (!universe.is_excluded(id) && !is_source(solvable) && wanted(solvable)) found.push_back(id);
  }
  return found;
}

std::vector<Id> match_nevra(const Universe& universe, const Nevra& nevra) {
  Pool* pool = universe.pool();
  const Field name(nevra.name), version(nevra.version), release(nevra.release), arch(nevra.arch);
  const auto matches = [&](Solvable& solvable) {
    if (name.is_set() && !name.matches(pool_id2str(pool, solvable.name))) return false;
    if (arch.is_set() && !arch.matches(pool_id2str(pool, solvable.arch))) return false;
    if (!nevra.epoch && !version.is_set() && !release.is_set()) return true;
    const Evr evr = split_evr(pool_id2str(pool, solvable.evr));
    return (!nevra.epoch || *nevra.epoch == evr.epoch) &&
           (!version.is_set() || version.matches_version(pool, evr.version.c_str())) &&
           (!release.is_set() || release.matches_version(pool, evr.release.c_str()));
  };
  // Most names are no globs.
  return is_glob(nevra.name) ? filter(universe, universe.packages(), matches)
                             : filter(universe, universe.named(nevra.name), matches);
}

/// A glob (or text) on the whole NEVRA; with an epoch, also 0, only where the text has a colon.
std::vector<Id> match_whole(const Universe& universe, const std::string& text) {
  if (has_any(text, "(/=<> ")) return {};
  Pool* pool = universe.pool();
  const bool with_epoch = text.find(':') != std::string::npos;
  return filter(universe, universe.packages(), [&](Solvable& solvable) {
    const Evr evr = split_evr(pool_id2str(pool, solvable.evr));
    std::string whole = pool_id2str(pool, solvable.name);
    whole += '-';
    if (with_epoch) whole += std::to_string(evr.epoch) + ":";
    whole += evr.version + "-" + evr.release + "." + pool_id2str(pool, solvable.arch);
    return ::fnmatch(text.c_str(), whole.c_str(), 0) == 0;
  });
}

/// `name`, `name OP version`, split at the operator; libdnf's DependencySplitter.
struct Relation {
  std::string name, version;
  int flags = 0;
};

std::optional<Relation> parse_relation(const std::string& text) {
  Relation relation;
  const auto at = text.find_first_of("<>= \t");
  relation.name = text.substr(0, at);
  if (relation.name.empty()) return std::nullopt;
  if (at == std::string::npos) return relation;
  std::size_t i = text.find_first_not_of(" \t", at);
  for (; i != std::string::npos && i < text.size() && has_any(text.substr(i, 1), "<>="); ++i) {
    relation.flags |= text[i] == '<' ? REL_LT : text[i] == '>' ? REL_GT : REL_EQ;
  }
  i = i == std::string::npos ? i : text.find_first_not_of(" \t", i);
  if (relation.flags == 0) {
    relation.name = text;  // A file name with a space, say.
    return relation;
  }
  if (i == std::string::npos) return std::nullopt;
  relation.version = text.substr(i);
  if (has_any(relation.version, " \t")) return std::nullopt;
  return relation;
}

Id dependency_of(Pool* pool, const char* name, const Relation& relation) {
  const Id id = pool_str2id(pool, name, 1);
  if (relation.flags == 0) return id;
  return pool_rel2id(pool, id, pool_str2id(pool, relation.version.c_str(), 1), relation.flags, 1);
}

std::vector<Id> match_provides(const Universe& universe, const std::string& text) {
  Pool* pool = universe.pool();
  std::vector<Id> dependencies;
  if (text.starts_with('(')) {
    if (const Id id = pool_parserpmrichdep(pool, text.c_str())) dependencies.push_back(id);
  } else if (const auto relation = parse_relation(text)) {
    if (!is_glob(text)) {
      dependencies.push_back(dependency_of(pool, relation->name.c_str(), *relation));
    } else {
      const int names = pool->ss.nstrings;
      for (Id id = 2; id < names; ++id) {
        if (pool->whatprovides[id] > 1 &&
            ::fnmatch(relation->name.c_str(), pool_id2str(pool, id), 0) == 0) {
          dependencies.push_back(id);
        }
      }
      for (Id& id : dependencies) id = dependency_of(pool, pool_id2str(pool, id), *relation);
    }
  }
  std::vector<Id> found;
  for (const Id dependency : dependencies) {
    for (const Id id : universe.providers(dependency)) {
      if (!universe.is_excluded(id) && !is_source(pool->solvables[id])) found.push_back(id);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<Id> match_file(const Universe& universe, const std::string& text) {
  Pool* pool = universe.pool();
  std::vector<Id> found;
  const int how = SEARCH_FILES | (is_glob(text) ? SEARCH_GLOB : SEARCH_STRING);
  Dataiterator iterator;
  dataiterator_init(&iterator, pool, nullptr, 0, SOLVABLE_FILELIST, text.c_str(), how);
  while (dataiterator_step(&iterator)) {
    const Id id = iterator.solvid;
    if (!universe.is_excluded(id) && !is_source(pool->solvables[id])) found.push_back(id);
    dataiterator_skip_solvable(&iterator);
  }
  dataiterator_free(&iterator);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace

bool is_glob(std::string_view text) {
  return has_any(text, "*?[");
}

Match match_subject(const Universe& universe, std::string_view text_view, MatchForms forms) {
  const std::string text(text_view);
  Match match;
  for (const Form form : kForms) {
    const auto nevra = parse(text, form);
    if (!nevra) continue;
    match.packages = match_nevra(universe, *nevra);
    if (match.packages.empty()) continue;
    match.by_just_name = form == Form::name;
    match.arch_is_glob = is_glob(nevra->arch);
    return match;
  }
  match.packages = match_whole(universe, text);
  if (!match.packages.empty() || forms == MatchForms::packages) return match;
  match.packages = match_provides(universe, text);
  if (match.packages.empty() && (text.starts_with('/') || text.starts_with("*/"))) {
    match.packages = match_file(universe, text);
  }
  return match;
}

std::vector<Id> obsoleters(const Universe& universe, const std::vector<Id>& packages) {
  Pool* pool = universe.pool();
  return filter(universe, universe.obsoleting(), [&](Solvable& solvable) {
    IdQueue obsoletes;
    solvable_lookup_idarray(&solvable, SOLVABLE_OBSOLETES, obsoletes.get());
    for (int i = 0; i < obsoletes.size(); ++i) {
      for (const Id provider : universe.providers(obsoletes[i])) {
        // Obsoletes are about names, not about what is provided.
        if (std::binary_search(packages.begin(), packages.end(), provider) &&
            pool_match_nevr(pool, pool->solvables + provider, obsoletes[i])) {
          return true;
        }
      }
    }
    return false;
  });
}

}  // namespace composer::solve
