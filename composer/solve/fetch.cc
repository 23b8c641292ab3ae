#include "composer/solve/fetch.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/host/cache.h"
#include "composer/host/download.h"
#include "composer/host/interrupt.h"
#include "composer/rpm/keyring.h"

namespace composer::solve {
namespace {

/// Runs `work` for 0 to count - 1 on as many threads as there are processors. When some of them
/// fail, the error of the lowest number is thrown, whatever the threads' timing.
void for_each_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed = count;
  std::exception_ptr failure;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      {
        const std::lock_guard lock(mutex);
        if (failed < i) return;
      }
      try {
        host::throw_if_interrupted();
        const TraceSpan span("work", "check a package");
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed) {
          failed = i;
          failure = std::current_exception();
        }
      }
    }
  };
  std::vector<std::thread> threads;
  const std::size_t most = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 1; i < std::min(most, count); ++i) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

host::Checksum checksum_of(const PlannedPackage& package) {
  const auto algorithm = host::strong_algorithm(package.checksum_type);
  if (!algorithm || !host::is_digest(*algorithm, package.checksum)) {
    throw Error(ErrorKind::build,
                fmt::format("package '{}' has no checksum in the plan that can be trusted",
                            package.nevra()));
  }
  return {*algorithm, package.checksum};
}

/// A repository of the plan with its keys ready.
struct Source {
  const PlannedRepository* planned;
  rpm::Keyring keyring;
};

std::map<std::string, Source> sources_of(const Plan& plan) {
  std::map<std::string, Source> sources;
  for (const PlannedRepository& repository : plan.repositories) {
    sources.emplace(repository.id, Source{&repository, rpm::Keyring(repository.keys)});
  }
  return sources;
}

const Source& source_of(const std::map<std::string, Source>& sources,
                        const PlannedPackage& package) {
  const auto it = sources.find(package.repository);
  if (it == sources.end()) {
    throw Error(ErrorKind::build, fmt::format("package '{}' is of the unknown repository '{}'",
                                              package.nevra(), package.repository));
  }
  return it->second;
}

/// What a file's header says must be what the plan says: a signature by the right key over another
/// package is no signature of this one.
void check_identity(const PlannedPackage& package, const rpm::PackageIdentity& found) {
  const rpm::PackageIdentity wanted{package.name, package.epoch, package.version, package.release,
                                    package.arch};
  if (found == wanted) return;
  PlannedPackage other;
  other.name = found.name;
  other.epoch = found.epoch;
  other.version = found.version;
  other.release = found.release;
  other.arch = found.arch;
  throw Error(ErrorKind::build,
              fmt::format("package '{}' is in truth '{}': the repository's metadata is wrong",
                          package.nevra(), other.nevra()));
}

/// A repository may trust several keys, a lock names the one of each package.
void check_signer(const PlannedPackage& package, const std::string& key) {
  if (package.signing_key.empty() || package.signing_key == key) return;
  throw Error(ErrorKind::build, fmt::format("package '{}' is signed by key {}, and not by {}",
                                            package.nevra(), key, package.signing_key));
}

}  // namespace

std::vector<FetchedPackage> fetch_packages(const Plan& plan, const std::filesystem::path& cache,
                                           Progress& progress) {
  std::vector<PlannedPackage> packages;
  for (const PlannedPackage& package : plan.packages) {
    if (package.reason != PackageReason::base) packages.push_back(package);
  }
  Amount all{packages.size(), {}};
  for (const PlannedPackage& package : packages) all.bytes += package.size;
  progress.begin(Stage::fetch, all);

  const auto sources = sources_of(plan);
  std::vector<FetchedPackage> fetched;
  for (const PlannedPackage& package : packages) {
    fetched.push_back({host::cached_package(cache, checksum_of(package)), {}});
    source_of(sources, package);
  }

  // What the cache has, read anew: a name is no proof.
  std::vector<char> cached(packages.size(), 0);
  for_each_parallel(packages.size(), [&](std::size_t i) {
    cached[i] =
        host::is_intact(fetched[i].file, checksum_of(packages[i]), packages[i].size.count) ? 1 : 0;
  });
  std::vector<std::size_t> missing;
  Amount have;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    if (cached[i] == 0) {
      missing.push_back(i);
    } else {
      ++have.items;
      have.bytes += packages[i].size;
    }
  }
  progress.advance(Stage::fetch, have, {});

  std::vector<host::Download> downloads;
  for (const std::size_t i : missing) {
    host::Download download;
    for (const std::string& base : source_of(sources, packages[i]).planned->baseurls) {
      download.urls.push_back(host::join_url(base, packages[i].location));
    }
    download.destination = fetched[i].file;
    download.checksum = checksum_of(packages[i]);
    download.size = packages[i].size.count;
    downloads.push_back(std::move(download));
  }
  const auto results = host::download_all(
      downloads, {}, [&](std::uint64_t done, std::uint64_t bytes, std::string_view current) {
        progress.advance(Stage::fetch, {have.items + done, {have.bytes.count + bytes}}, current);
      });
  for (const bool stopped : {false, true}) {
    for (std::size_t n = 0; n < results.size(); ++n) {
      if (results[n].error.empty() || results[n].stopped != stopped) continue;
      throw Error(
          ErrorKind::build,
          fmt::format("cannot fetch package '{}' from '{}': {}", packages[missing[n]].nevra(),
                      results[n].url, results[n].error),
          results[n].missing ? "the repository may have changed since the plan was made" : "");
    }
  }

  for_each_parallel(packages.size(), [&](std::size_t i) {
    const Source& source = source_of(sources, packages[i]);
    const std::string name = packages[i].nevra();
    if (!source.planned->package_signatures) {
      check_identity(packages[i], rpm::read_identity(fetched[i].file, name));
      return;
    }
    const rpm::SignedPackage package = source.keyring.verify_package(fetched[i].file, name);
    check_identity(packages[i], package.identity);
    check_signer(packages[i], package.key);
    fetched[i].signing_key = package.key;
  });
  progress.end(Stage::fetch, all);
  return fetched;
}

std::vector<std::filesystem::path> files_of(const std::vector<FetchedPackage>& packages) {
  std::vector<std::filesystem::path> files;
  for (const FetchedPackage& package : packages) files.push_back(package.file);
  return files;
}

}  // namespace composer::solve
