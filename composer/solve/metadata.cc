#include "composer/solve/metadata.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/rpm/keyring.h"
#include "composer/solve/repository_source.h"

namespace composer::solve {
namespace {

// Bounds for what has no size in other metadata; the real ones are a tenth of this.
constexpr std::uint64_t kMostListBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostKeyBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostRepomdBytes = std::uint64_t{8} << 20;

Span place_of(const RepositoryRequest& request) {
  if (!request.baseurls.empty()) return request.baseurls.front().at;
  if (request.mirrorlist) return request.mirrorlist->at;
  if (request.metalink) return request.metalink->at;
  return request.at;
}

/// Runs `body`; an Error that leaves it says which repository cannot be read, and where that is.
template <typename Body>
decltype(auto) reading(const RepositoryRequest& request, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    const Problem& cause = error.problems().front();
    if (error.kind() == ErrorKind::usage) throw;
    throw Error(error.kind(),
                Problem{fmt::format("cannot read repository '{}': {}", *request.id, cause.message),
                        place_of(request), cause.notes, cause.hint});
  }
}

std::vector<std::string> below(const std::vector<std::string>& bases, std::string_view location) {
  std::vector<std::string> urls;
  for (const std::string& base : bases) urls.push_back(host::join_url(base, location));
  return urls;
}

}  // namespace

/// A download and what it is for.
struct MetadataReader::Wish {
  const RepositoryRequest* request = nullptr;
  host::Download download;
  std::string hint;  ///< When there is no such file.
  bool may_fail = false;
};

std::vector<host::DownloadResult> MetadataReader::fetch(const std::vector<Wish>& wishes) {
  std::vector<host::Download> downloads;
  for (const Wish& wish : wishes) downloads.push_back(wish.download);
  host::DownloadSettings settings;
  settings.stop_at_failure =
      std::none_of(wishes.begin(), wishes.end(), [](const Wish& wish) { return wish.may_fail; });
  std::uint64_t files = 0, bytes = 0;
  const auto results = host::download_all(
      downloads, settings, [&](std::uint64_t f, std::uint64_t b, std::string_view current) {
        files = f;
        bytes = b;
        progress_->advance(Stage::metadata, {files_ + f, {bytes_ + b}}, current);
      });
  files_ += files;
  bytes_ += bytes;
  // One failure stops the others: the one to tell is the one that did not just stop.
  for (const bool stopped : {false, true}) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].error.empty() || results[i].stopped != stopped || wishes[i].may_fail) continue;
      reading(*wishes[i].request, [&] {
        throw Error(ErrorKind::build,
                    fmt::format("cannot fetch '{}': {}", results[i].url, results[i].error),
                    results[i].missing ? wishes[i].hint : std::string());
      });
    }
  }
  return results;
}

std::vector<OpenRepository> MetadataReader::open() {
  std::vector<OpenRepository> repositories;
  for (const RepositoryRequest& request : blueprint_->repositories) {
    if (!request.enabled) continue;
    OpenRepository repository;
    repository.request = &request;
    repository.planned.id = *request.id;
    repository.planned.package_signatures = request.package_signatures;
    repository.planned.in_image = request.in_image && request.in_image->value;
    repositories.push_back(std::move(repository));
  }
  find_mirrors(repositories);
  read_gpg_keys(repositories);
  read_repomds(repositories);
  return repositories;
}

void MetadataReader::find_mirrors(std::vector<OpenRepository>& repositories) {
  std::vector<Wish> wishes;
  std::vector<OpenRepository*> asking;
  for (OpenRepository& repository : repositories) {
    const RepositoryRequest& request = *repository.request;
    for (const auto& url : request.baseurls) {
      repository.planned.baseurls.push_back(absolute_url(url, *blueprint_));
    }
    const auto& list = request.mirrorlist ? request.mirrorlist : request.metalink;
    if (!list || !request.baseurls.empty()) continue;
    Wish wish;
    wish.request = &request;
    wish.download.urls = {absolute_url(*list, *blueprint_)};
    wish.download.most_bytes = kMostListBytes;
    wishes.push_back(std::move(wish));
    asking.push_back(&repository);
  }
  const auto results = fetch(wishes);
  for (std::size_t i = 0; i < results.size(); ++i) {
    reading(*asking[i]->request, [&] {
      const std::string& url = results[i].url;
      if (asking[i]->request->metalink || looks_like_metalink(results[i].content)) {
        Metalink metalink = parse_metalink(results[i].content, url);
        asking[i]->planned.baseurls = std::move(metalink.baseurls);
        asking[i]->repomd_checksums = std::move(metalink.checksums);
      } else {
        asking[i]->planned.baseurls = parse_mirrorlist(results[i].content, url);
      }
    });
  }
}

void MetadataReader::read_gpg_keys(std::vector<OpenRepository>& repositories) {
  std::vector<Wish> wishes;
  std::vector<OpenRepository*> owners;
  for (OpenRepository& repository : repositories) {
    const RepositoryRequest& request = *repository.request;
    if (!request.package_signatures && !request.metadata_signature) continue;
    if (request.gpgkeys.empty()) {
      throw Error(ErrorKind::usage,
                  Problem{fmt::format("repository '{}' has no 'gpgkey' to check signatures by",
                                      *request.id),
                          place_of(request),
                          {},
                          "add the URL or path of its key"});
    }
    for (const auto& key : request.gpgkeys) {
      Wish wish;
      wish.request = &request;
      wish.download.urls = {absolute_url(key, *blueprint_)};
      wish.download.most_bytes = kMostKeyBytes;
      wishes.push_back(std::move(wish));
      owners.push_back(&repository);
    }
  }
  const auto results = fetch(wishes);
  for (std::size_t i = 0; i < results.size(); ++i) {
    reading(*owners[i]->request, [&] {
      auto& keys = owners[i]->planned.keys;
      for (PlannedKey& key : rpm::read_keys(results[i].content, results[i].url)) {
        const bool known = std::any_of(keys.begin(), keys.end(), [&](const PlannedKey& k) {
          return k.fingerprint == key.fingerprint;
        });
        if (!known) keys.push_back(std::move(key));
      }
    });
  }
}

void MetadataReader::read_repomds(std::vector<OpenRepository>& repositories) {
  const auto wish_for = [](const OpenRepository& repository, const host::Checksum* checksum) {
    Wish wish;
    wish.request = repository.request;
    wish.download.urls = below(repository.planned.baseurls, "repodata/repomd.xml");
    wish.download.most_bytes = kMostRepomdBytes;
    if (checksum) wish.download.checksum = *checksum;
    wish.hint = "the base URL is the folder that holds 'repodata'";
    return wish;
  };
  std::vector<Wish> wishes;
  for (const OpenRepository& repository : repositories) {
    const bool checked = !repository.repomd_checksums.empty();
    wishes.push_back(
        wish_for(repository, checked ? &repository.repomd_checksums.front() : nullptr));
    wishes.back().may_fail = repository.repomd_checksums.size() > 1;
  }
  auto results = fetch(wishes);
  // A metalink may allow older ones too, for mirrors that lag behind.
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& checksums = repositories[i].repomd_checksums;
    for (std::size_t n = 1; n < checksums.size() && !results[i].error.empty(); ++n) {
      Wish wish = wish_for(repositories[i], &checksums[n]);
      wish.may_fail = n + 1 < checksums.size();
      results[i] = fetch({wish}).front();
    }
  }
  verify_repomds(repositories, results);
}

void MetadataReader::verify_repomds(std::vector<OpenRepository>& repositories,
                                    const std::vector<host::DownloadResult>& repomds) {
  std::vector<Wish> wishes;
  for (std::size_t i = 0; i < repositories.size(); ++i) {
    if (!repositories[i].request->metadata_signature) continue;
    Wish wish;
    wish.request = repositories[i].request;
    wish.download.urls = {repomds[i].url + ".asc"};
    wish.download.most_bytes = kMostKeyBytes;
    wish.hint = "the repository's metadata is not signed; 'metadata_signature: false' accepts that";
    wishes.push_back(std::move(wish));
  }
  const auto signatures = fetch(wishes);
  std::size_t next = 0;
  for (std::size_t i = 0; i < repositories.size(); ++i) {
    OpenRepository& repository = repositories[i];
    const auto& [content, url] = std::tie(repomds[i].content, repomds[i].url);
    reading(*repository.request, [&] {
      if (repository.request->metadata_signature) {
        rpm::Keyring(repository.planned.keys)
            .verify_detached(content, signatures[next++].content, url);
      }
      repository.repomd = parse_repomd(content, url);
      repository.planned.repomd_sha256 = sha256_hex(content);
    });
    if (repository.repomd.modular) {
      progress_->warning(
          fmt::format("repository '{}' has modules, which are all taken as ordinary packages here, "
                      "ignoring their metadata",
                      repository.planned.id));
    }
  }
}

StoredMetadata MetadataReader::stored(const MetadataFile& file) const {
  return {host::cached_metadata(cache_, file.checksum), file};
}

void MetadataReader::fetch_missing(
    const std::vector<std::pair<const OpenRepository*, const MetadataFile*>>& files) {
  std::vector<Wish> wishes;
  for (const auto& [repository, file] : files) {
    const auto path = stored(*file).path;
    if (host::is_intact(path, file->checksum, file->size)) continue;
    Wish wish;
    wish.request = repository->request;
    wish.download.urls = below(repository->planned.baseurls, file->location);
    wish.download.destination = path;
    wish.download.checksum = file->checksum;
    wish.download.size = file->size;
    wish.hint = "the repository may have changed just now; try again";
    wishes.push_back(std::move(wish));
  }
  fetch(wishes);
}

std::vector<std::pair<std::string, std::string>> MetadataReader::read_groups(
    const std::vector<OpenRepository>& repositories) {
  std::vector<std::pair<const OpenRepository*, const MetadataFile*>> files;
  for (const OpenRepository& repository : repositories) {
    if (const auto* file = repository.repomd.find("group")) files.emplace_back(&repository, file);
  }
  fetch_missing(files);
  std::vector<std::pair<std::string, std::string>> documents;
  for (const auto& [repository, file] : files) {
    reading(*repository->request, [&, repository = repository, file = file] {
      const std::string url = host::join_url(repository->planned.baseurls.front(), file->location);
      documents.emplace_back(read_metadata(stored(*file), url), url);
    });
  }
  return documents;
}

std::vector<SolvFile> MetadataReader::load(const std::vector<OpenRepository>& repositories,
                                           Detail detail) {
  std::vector<std::optional<SolvFile>> loaded;
  std::vector<std::pair<const OpenRepository*, const MetadataFile*>> missing;
  const auto filelists_of = [&](const OpenRepository& repository) {
    return detail == Detail::filelists ? repository.repomd.find("filelists") : nullptr;
  };
  const auto path_of = [&](const OpenRepository& repository) {
    return host::cached_solv(
        cache_, solv_key(*repository.repomd.find("primary"), filelists_of(repository)));
  };
  for (const OpenRepository& repository : repositories) {
    loaded.push_back(open_solv(path_of(repository)));
    if (loaded.back()) continue;
    missing.emplace_back(&repository, repository.repomd.find("primary"));
    if (const auto* filelists = filelists_of(repository)) {
      missing.emplace_back(&repository, filelists);
    }
  }
  fetch_missing(missing);
  std::vector<SolvFile> files;
  for (std::size_t i = 0; i < repositories.size(); ++i) {
    const OpenRepository& repository = repositories[i];
    if (!loaded[i]) {
      reading(*repository.request, [&] {
        const auto path = path_of(repository);
        const MetadataFile& primary = *repository.repomd.find("primary");
        const auto* filelists = filelists_of(repository);
        const auto filelists_stored =
            filelists ? std::optional(stored(*filelists)) : std::optional<StoredMetadata>();
        write_solv(stored(primary), filelists_stored ? &*filelists_stored : nullptr, path,
                   host::join_url(repository.planned.baseurls.front(), primary.location));
        loaded[i] = open_solv(path);
        if (!loaded[i]) {
          throw Error(ErrorKind::host,
                      fmt::format("cannot read back '{}' that was just written", path.string()));
        }
      });
    }
    files.push_back(std::move(*loaded[i]));
  }
  return files;
}

}  // namespace composer::solve
