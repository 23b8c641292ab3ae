#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "composer/blueprint.h"
#include "composer/host/download.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/solve/solv_file.h"

// Fetches repositories' metadata and decides whether it can be trusted.

namespace composer::solve {

/// A repository whose repomd.xml was read and, where the blueprint wants it, verified.
struct OpenRepository {
  const RepositoryRequest* request = nullptr;
  PlannedRepository planned;
  Repomd repomd;
  std::vector<host::Checksum> repomd_checksums;  ///< What a metalink allows; empty: anything.
};

class MetadataReader {
 public:
  MetadataReader(const Blueprint& blueprint, std::filesystem::path cache, Progress& progress)
      : blueprint_(&blueprint), cache_(std::move(cache)), progress_(&progress) {}

  /// Reads mirror lists, keys and repomd.xml of every enabled repository, in the blueprint's order.
  /// @throws Error  of kind build naming the repository, the URL and the cause, at the repository's
  ///                place in the blueprint; usage for a URL or a key that the blueprint lacks.
  std::vector<OpenRepository> open();

  /// The package groups' XML of each repository that has it, with its URL.
  std::vector<std::pair<std::string, std::string>> read_groups(
      const std::vector<OpenRepository>& repositories);

  enum class Detail { primary, filelists };
  /// The .solv file of each repository, made from its XML where the cache has none.
  std::vector<SolvFile> load(const std::vector<OpenRepository>& repositories, Detail detail);

  std::uint64_t files_fetched() const { return files_; }
  Bytes bytes_fetched() const { return {bytes_}; }

 private:
  struct Wish;
  std::vector<host::DownloadResult> fetch(const std::vector<Wish>& wishes);
  void find_mirrors(std::vector<OpenRepository>& repositories);
  void read_gpg_keys(std::vector<OpenRepository>& repositories);
  void read_repomds(std::vector<OpenRepository>& repositories);
  void verify_repomds(std::vector<OpenRepository>& repositories,
                      const std::vector<host::DownloadResult>& repomds);
  StoredMetadata stored(const MetadataFile& file) const;
  void fetch_missing(
      const std::vector<std::pair<const OpenRepository*, const MetadataFile*>>& files);

  const Blueprint* blueprint_;
  std::filesystem::path cache_;
  Progress* progress_;
  std::uint64_t files_ = 0, bytes_ = 0;
};

}  // namespace composer::solve
