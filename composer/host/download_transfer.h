#pragma once

#include <array>
#include <cstdint>
#include <curl/curl.h>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

#include "composer/base/handle.h"
#include "composer/host/download.h"
#include "composer/host/download_partial.h"

// One attempt at one URL; download.cc decides which and when. libcurl's handles stay in these two
// files.

namespace composer::host {

/// What one attempt at one URL came to.
struct Outcome {
  enum class Kind {
    done,
    transient,  ///< Worth another try later.
    permanent,  ///< Never try this URL again.
    missing,    ///< The same, since it has no such file.
    again,      ///< Once more at once, from the beginning: what an earlier run left did not fit.
  } kind = Kind::done;
  std::string error;
  std::string content;  ///< Of a download into memory.
};

/// Copies a local file.
Outcome copy_local(const Download& wanted, const std::filesystem::path& source);

/// One download under way by libcurl.
class Transfer {
 public:
  Transfer(const Download& wanted, const std::string& url, const DownloadSettings& settings);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* raw() const { return easy_.get(); }
  std::uint64_t size() const { return file_.size(); }

  /// Takes libcurl's result; a whole file has been checked and has its name when this says `done`.
  Outcome outcome(CURLcode code);

 private:
  std::string too_large() const;
  void set_options(const std::string& url, const DownloadSettings& settings);
  static std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* self) noexcept;
  bool take(std::string_view bytes) noexcept;

  const Download* wanted_;
  PartialFile file_;
  Handle<CURL, curl_easy_cleanup> easy_;
  std::uint64_t offset_ = 0;  ///< Where this attempt began.
  bool begun_ = false;
  std::string refusal_;
  std::exception_ptr failure_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
};

}  // namespace composer::host
