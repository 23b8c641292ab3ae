#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/units.h"

// What builds make and may need again, kept by everything that it was made from: `KIND/KEY/` in the
// cache, with `entry.json` beside the files. An entry gets its name by rename when it is whole.

namespace composer::host {

/// Everything that something is made from, each input by a name that people understand.
class StoreKey {
 public:
  void add(std::string name, std::string_view content);

  /// SHA-256 over all names and contents, lower-case hexadecimal.
  std::string hex() const;
  /// SHA-256 of each content, by name.
  const std::map<std::string, std::string>& inputs() const { return inputs_; }

 private:
  std::map<std::string, std::string> inputs_;
};

struct StoredFile {
  std::string name;  ///< Without a folder.
  Bytes size;
  std::string sha256;         ///< Or what data_digest makes of it.
  std::int64_t modified = 0;  ///< Nanoseconds since 1970, when it was stored.
};

struct StoreEntry {
  std::filesystem::path folder;
  std::vector<StoredFile> files;             ///< By name.
  std::map<std::string, std::string> notes;  ///< What the one who stored it wants to know again.

  const StoredFile* find(std::string_view name) const;
  /// The content of a file; nothing when it has not the digest that it was stored with.
  std::optional<std::string> read(std::string_view name) const;
  std::string note(const std::string& name) const;  ///< Empty where there is none.
};

/// One kind of entries.
class Store {
 public:
  /// @param kind  `initramfs`, `outputs`.
  Store(const std::filesystem::path& cache, std::string_view kind);

  /// The entry of a key, which counts as used now. One whose files are not there with the size and
  /// the time that they were stored with is removed, and is none.
  std::optional<StoreEntry> find(const StoreKey& key) const;

  /// Why there is none: the names of the inputs that the most similar entry had otherwise; empty
  /// when there is no entry at all. Sorted.
  std::vector<std::string> differences(const StoreKey& key) const;

  /// The same as a sentence about `subject`.
  std::string explain(std::string_view subject, const StoreKey& key) const;

  void remove(const StoreKey& key) const;

  /// An entry in the making; gone again unless it is committed.
  class Draft {
   public:
    Draft(const Store& store, const StoreKey& key);
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft();

    const std::filesystem::path& folder() const { return folder_; }
    void write(const std::string& name, std::string_view content);
    /// A file that was put into the folder, whose digest is known.
    void add(const std::string& name, std::string_view sha256);
    void note(const std::string& name, std::string_view text);
    /// When another process was faster, this draft goes.
    void commit();

   private:
    std::filesystem::path folder_, destination_;
    StoreEntry entry_;
    std::map<std::string, std::string> inputs_;
  };

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// The entry in a folder, whatever its key; nothing where `entry.json` is missing or damaged, or a
/// file is not there with the size and time that it was stored with.
std::optional<StoreEntry> read_entry(const std::filesystem::path& folder);

}  // namespace composer::host
