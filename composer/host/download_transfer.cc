#include "composer/host/download_transfer.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/error.h"

namespace composer::host {
namespace {

std::uint64_t limit_of(const Download& wanted) {
  return wanted.size ? *wanted.size : wanted.most_bytes;
}

/// Checks a whole file and gives it its name.
Outcome finish(const Download& wanted, PartialFile& file, bool resumed) {
  if (wanted.size && file.size() != *wanted.size) {
    return {Outcome::Kind::permanent,
            fmt::format("it has {} bytes, but the metadata says {}", file.size(), *wanted.size)};
  }
  if (wanted.checksum) {
    const std::string found = file.finish_hex();
    if (found != wanted.checksum->hex) {
      file.restart();
      // What an earlier run left may be at fault: once more, from the beginning.
      if (resumed) return {Outcome::Kind::again, {}, {}};
      return {Outcome::Kind::permanent,
              fmt::format("its {} is {}, but the metadata says {}",
                          to_text(wanted.checksum->algorithm), found, wanted.checksum->hex)};
    }
  }
  file.commit();
  return {Outcome::Kind::done, {}, file.take_content()};
}

bool is_transient(CURLcode code) {
  static constexpr std::array kTransient = {CURLE_COULDNT_RESOLVE_HOST,
                                            CURLE_COULDNT_RESOLVE_PROXY,
                                            CURLE_COULDNT_CONNECT,
                                            CURLE_OPERATION_TIMEDOUT,
                                            CURLE_PARTIAL_FILE,
                                            CURLE_GOT_NOTHING,
                                            CURLE_SEND_ERROR,
                                            CURLE_RECV_ERROR,
                                            CURLE_HTTP2,
                                            CURLE_HTTP2_STREAM,
                                            CURLE_SSL_CONNECT_ERROR,
                                            CURLE_AGAIN};
  return std::find(kTransient.begin(), kTransient.end(), code) != kTransient.end();
}

std::string words_for(CURLcode code, const char* detail) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host name cannot be resolved";
    case CURLE_COULDNT_CONNECT:
      return "no connection to the server";
    case CURLE_OPERATION_TIMEDOUT:
      return "the server is too slow or does not answer";
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
      return "the connection broke off";
    case CURLE_PEER_FAILED_VERIFICATION:
      return fmt::format("the server's certificate is not trusted: {}",
                         *detail ? detail : "no reason given");
    case CURLE_UNSUPPORTED_PROTOCOL:
      return "the protocol is not allowed here";
    default:
      return curl_easy_strerror(code);
  }
}

}  // namespace

Outcome copy_local(const Download& wanted, const std::filesystem::path& source) {
  const auto refuse = [](int cause) {
    return Outcome{
        cause == ENOENT || cause == ENOTDIR ? Outcome::Kind::missing : Outcome::Kind::permanent,
        std::error_code(cause, std::generic_category()).message()};
  };
  const FileDescriptor fd(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return refuse(errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return refuse(errno);
  if (!S_ISREG(status.st_mode)) return {Outcome::Kind::permanent, "it is not a regular file"};
  PartialFile file(wanted.destination, wanted.checksum);
  file.restart();
  std::string buffer(std::size_t{1} << 18, '\0');
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return refuse(errno);
    if (n == 0) return finish(wanted, file, false);
    if (file.size() + static_cast<std::uint64_t>(n) > limit_of(wanted)) {
      return {Outcome::Kind::permanent,
              fmt::format("it is larger than the expected {} bytes", limit_of(wanted))};
    }
    file.append(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
  }
}

Transfer::Transfer(const Download& wanted, const std::string& url, const DownloadSettings& settings)
    : wanted_(&wanted), file_(wanted.destination, wanted.checksum), easy_(curl_easy_init()) {
  if (!easy_) throw Error(ErrorKind::host, "cannot start libcurl");
  if (file_.size() > limit_of(wanted) || (wanted.size && file_.size() == *wanted.size)) {
    file_.restart();
  }
  offset_ = file_.size();
  set_options(url, settings);
}

Outcome Transfer::outcome(CURLcode code) {
  if (failure_) std::rethrow_exception(failure_);
  if (!refusal_.empty()) return {Outcome::Kind::permanent, refusal_};
  long status = 0;
  curl_easy_getinfo(raw(), CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    if (status == 416 && offset_ > 0) {
      file_.restart();
      return {Outcome::Kind::again, {}, {}};
    }
    const std::string error = fmt::format("the server answered {}", status);
    if (status == 404 || status == 410) return {Outcome::Kind::missing, error};
    const bool transient = status == 408 || status == 429 || status >= 500;
    return {transient ? Outcome::Kind::transient : Outcome::Kind::permanent, error};
  }
  if (code == CURLE_FILESIZE_EXCEEDED) return {Outcome::Kind::permanent, too_large()};
  if (code != CURLE_OK) {
    return {is_transient(code) ? Outcome::Kind::transient : Outcome::Kind::permanent,
            words_for(code, detail_.data())};
  }
  return finish(*wanted_, file_, offset_ > 0);
}

std::string Transfer::too_large() const {
  return fmt::format("it is larger than the expected {} bytes", limit_of(*wanted_));
}

void Transfer::set_options(const std::string& url, const DownloadSettings& settings) {
  CURL* curl = raw();
  const bool secure = url.starts_with("https:");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "image-composer");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(settings.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1000L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stall.count()));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limit_of(*wanted_)));
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail_.data());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  // CURLOPT_RANGE, not RESUME_FROM: a server without ranges then simply sends it all.
  if (offset_ > 0) curl_easy_setopt(curl, CURLOPT_RANGE, fmt::format("{}-", offset_).c_str());
}

std::size_t Transfer::on_bytes(char* bytes, std::size_t, std::size_t count, void* self) noexcept {
  return static_cast<Transfer*>(self)->take({bytes, count}) ? count : CURL_WRITEFUNC_ERROR;
}

bool Transfer::take(std::string_view bytes) noexcept {
  try {
    if (!begun_) {
      begun_ = true;
      long status = 0;
      curl_easy_getinfo(raw(), CURLINFO_RESPONSE_CODE, &status);
      if (offset_ > 0 && status != 206) {
        file_.restart();
        offset_ = 0;
      }
    }
    if (bytes.size() > limit_of(*wanted_) - file_.size()) {
      refusal_ = too_large();
      return false;
    }
    file_.append(bytes);
    return true;
  } catch (...) {
    failure_ = std::current_exception();
    return false;
  }
}

}  // namespace composer::host
