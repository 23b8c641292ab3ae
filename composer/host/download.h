#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "composer/host/cache.h"

// The only place that talks to the network (libcurl). http and https are fetched, file URLs are
// copied; nothing else is understood, and no server can redirect into a file URL or from https to
// http.

namespace composer::host {

/// One file to bring here.
struct Download {
  /// In turn, the next one when one fails. At least one.
  std::vector<std::string> urls;
  /// Appears whole or not at all; an existing file is replaced. Empty: into the result's `content`.
  std::filesystem::path destination;
  std::optional<Checksum> checksum;   ///< Without it nothing is resumed.
  std::optional<std::uint64_t> size;  ///< Exactly so many bytes.
  /// Never more than this, where the size is unknown.
  std::uint64_t most_bytes = std::uint64_t{1} << 40;
};

/// How a download ended; `error` is empty when the file is there.
struct DownloadResult {
  std::string content;   ///< Of a download without destination.
  std::string url;       ///< The one that gave the file, or that failed last.
  std::string error;     ///< One line: `the server answered 404`.
  bool missing = false;  ///< Every URL said that there is no such file.
  bool stopped = false;  ///< Not tried to the end, since another download had failed.
};

struct DownloadSettings {
  int parallel = 6;                           ///< Transfers at once.
  int rounds = 4;                             ///< Times that each URL is tried, at most.
  std::chrono::milliseconds first_wait{300};  ///< Before round 2; doubles each round.
  std::chrono::milliseconds connect_timeout{20000};
  std::chrono::seconds stall{30};  ///< Slower than 1 KB/s for so long is a failure.
  bool stop_at_failure = true;     ///< One failure ends the others.
};

/// Called now and then, and at each end of a file; one call at a time, not always from the same
/// thread.
using DownloadObserver =
    std::function<void(std::uint64_t files, std::uint64_t bytes, std::string_view current)>;

/// Fetches all of `downloads`: several at once; interrupted ones go on where they stopped, also in
/// a later run; transient failures (time-outs, broken connections, 408, 429, 5xx) are tried again
/// with growing pauses, others go to the next URL at once.
///
/// @returns One result per download, in their order.
/// @throws Error  on an interrupt, or when the destination cannot be written (kind host).
std::vector<DownloadResult> download_all(std::span<const Download> downloads,
                                         const DownloadSettings& settings,
                                         const DownloadObserver& observer);

/// The path that a `file://` URL names, or nothing for another URL.
std::optional<std::filesystem::path> local_path(std::string_view url);
/// The `file://` URL of an absolute path.
std::string file_url(const std::filesystem::path& path);
/// `base` and `relative` joined by one slash, `relative` percent-encoded as the scheme needs it.
std::string join_url(std::string_view base, std::string_view relative);

}  // namespace composer::host
