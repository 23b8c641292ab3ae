#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/document.h"
#include "composer/blueprint/files.h"

// A blueprint with the files that it is made of, each read once, nothing merged.

namespace composer::blueprint {

class Text;
struct NamedPart;

/// What a file, or a profile or an architecture in it, is made of.
struct Part {
  const Part* extended = nullptr;
  Span extends_at;
  std::vector<const Part*> included;
  Node own;  ///< The keys of the blueprint itself, and `variables`.
  std::optional<Node> select;
  std::vector<NamedPart> per_arch, profiles;
};

struct NamedPart {
  std::string name;
  Span at;
  Part part;
};

inline constexpr int kDeepestInclude = 16;
inline constexpr std::size_t kMostFiles = 64;
inline constexpr std::size_t kLargestFileSet = std::size_t{4} << 20;

class FileSet {
 public:
  FileSet(const Files& files, Findings& findings) : files_(files), findings_(findings) {}
  FileSet(const FileSet&) = delete;
  FileSet& operator=(const FileSet&) = delete;

  /// Reads all files that the blueprint `text` is made of. Null when the text is no mapping, or in
  /// no language of ours.
  const Part* read(const Text& text, const std::filesystem::path& path);

  /// The YAML of the blueprint itself, as it is.
  const Node& main() const { return files_read_.front().root; }
  /// Whether all files could be read; what follows from one that could not is only noise.
  bool is_whole() const { return whole_; }
  /// Every part, in every file, whether it is merged or not; in the order in which they were read.
  const std::vector<const Part*>& parts() const { return parts_; }
  /// The names of all files, as they are shown.
  const std::vector<std::string>& names() const { return names_; }

 private:
  /// What stands before a file's own keys.
  enum class Kind { blueprint, part, neither };
  /// Where keys stand.
  enum class Place { blueprint, part, profile, architecture };
  struct Loaded {
    Node root;
    Kind kind = Kind::neither;
    Part part;
    bool read = false;
  };

  const Part* load(const Located<std::string>& name, Kind wanted);
  Loaded* read_file(const std::filesystem::path& path, const std::string& identity,
                    const Located<std::string>& name);
  bool speaks_our_language(const Node& root);
  Kind kind_of(const Node& root);
  Part part_of(const Node& mapping, Place place);
  void take_composition(const Node& keys, Part& part);
  void take_named(const Entry& entry, std::vector<NamedPart>& parts);
  bool refuses_tag(const Entry& entry);
  void refuse(const Span& at, std::string message, std::string hint);

  const Files& files_;
  Findings& findings_;
  bool whole_ = true;
  std::size_t size_ = 0;
  std::deque<Loaded> files_read_;
  std::deque<Node> kept_;  ///< What problems were reported of stays where it is.
  std::map<std::string, Loaded*> by_identity_;
  std::vector<std::pair<std::string, std::string>> open_;  ///< Identity and name, outermost first.
  std::vector<const Part*> parts_;
  std::vector<std::string> names_;
};

}  // namespace composer::blueprint
