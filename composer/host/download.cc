#include "composer/host/download.h"

#include <algorithm>
#include <atomic>
#include <curl/curl.h>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/host/download_transfer.h"
#include "composer/host/interrupt.h"

namespace composer::host {
namespace {

using Clock = std::chrono::steady_clock;

/// Times that a download may begin anew because what was there did not fit.
constexpr int kMostAgain = 3;
using Multi = Handle<CURLM, curl_multi_cleanup>;

/// Which URL of a download is next, and when.
class Schedule {
 public:
  explicit Schedule(const Download& wanted) : dead_(wanted.urls.size(), false) {}

  std::size_t url() const { return url_; }
  Clock::time_point not_before() const { return not_before_; }
  bool all_missing() const { return missing_ == dead_.size(); }

  /// Takes note of a failure at the current URL; false when there is nothing left to try.
  bool go_on(const Outcome& outcome, const DownloadSettings& settings) {
    if (outcome.kind == Outcome::Kind::again && ++again_ <= kMostAgain) return true;
    if (outcome.kind == Outcome::Kind::missing) ++missing_;
    if (outcome.kind != Outcome::Kind::transient) dead_[url_] = true;
    for (;;) {
      if (++url_ == dead_.size()) {
        url_ = 0;
        if (++round_ >= settings.rounds) return false;
        if (std::find(dead_.begin(), dead_.end(), false) == dead_.end()) return false;
        not_before_ = Clock::now() + settings.first_wait * (1 << std::min(round_ - 1, 8));
      }
      if (!dead_[url_]) return true;
    }
  }

 private:
  std::vector<bool> dead_;
  std::size_t url_ = 0, missing_ = 0;
  int round_ = 0, again_ = 0;
  Clock::time_point not_before_{};
};

/// Tells the caller how far things are, one call at a time.
class Tally {
 public:
  explicit Tally(const DownloadObserver& observer) : observer_(&observer) {}
  void done(std::uint64_t bytes, const std::filesystem::path& file) {
    const std::lock_guard lock(mutex_);
    ++files_;
    bytes_ += bytes;
    if (*observer_) (*observer_)(files_, bytes_, file.filename().string());
  }
  void under_way(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (*observer_) (*observer_)(files_, bytes_ + bytes, {});
  }

 private:
  const DownloadObserver* observer_;
  std::mutex mutex_;
  std::uint64_t files_ = 0, bytes_ = 0;
};

std::uint64_t size_of(const Download& wanted, const DownloadResult& result) {
  if (wanted.destination.empty()) return result.content.size();
  std::error_code error;
  const auto size = std::filesystem::file_size(wanted.destination, error);
  return error ? 0 : size;
}

bool is_local(const Download& wanted) {
  return std::all_of(wanted.urls.begin(), wanted.urls.end(),
                     [](const std::string& url) { return local_path(url).has_value(); });
}

/// Runs all downloads that need no network, on as many threads as there are processors.
void copy_all(std::span<const Download> downloads, const DownloadSettings& settings,
              std::vector<DownloadResult>& results, Tally& tally) {
  std::vector<std::size_t> local;
  for (std::size_t i = 0; i < downloads.size(); ++i) {
    if (is_local(downloads[i])) local.push_back(i);
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (std::size_t n = next++; n < local.size(); n = next++) {
        const Download& wanted = downloads[local[n]];
        DownloadResult& result = results[local[n]];
        if (interrupted() || (failed && settings.stop_at_failure)) {
          result.stopped = true;
          result.error = "another download failed";
          continue;
        }
        std::size_t missing = 0;
        for (const std::string& url : wanted.urls) {
          Outcome outcome = copy_local(wanted, *local_path(url));
          result.url = url;
          result.content = std::move(outcome.content);
          result.error = outcome.error;
          if (outcome.kind == Outcome::Kind::missing) ++missing;
          if (outcome.kind == Outcome::Kind::done) break;
        }
        result.missing = missing == wanted.urls.size();
        if (result.error.empty()) {
          tally.done(size_of(wanted, result), wanted.destination);
        } else {
          failed = true;
        }
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = local.size();
    }
  };
  const std::size_t most = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(most, local.size()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

/// Runs the downloads that may need the network.
class Engine {
 public:
  Engine(std::span<const Download> downloads, const DownloadSettings& settings,
         std::vector<DownloadResult>& results, Tally& tally)
      : downloads_(downloads), settings_(&settings), results_(&results), tally_(&tally) {
    for (std::size_t i = 0; i < downloads.size(); ++i) {
      schedules_.emplace_back(downloads[i]);
      if (!is_local(downloads[i])) waiting_.push_back(i);
    }
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() {
    for (const auto& [curl, transfer] : active_) curl_multi_remove_handle(multi_.get(), curl);
  }

  void run() {
    while (!waiting_.empty() || !active_.empty()) {
      throw_if_interrupted();
      if (failed_ && settings_->stop_at_failure) return stop();
      start_ready();
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      collect();
      report();
      // 50 ms: how late a pause may end, and how soon an interrupt is seen.
      if (!active_.empty() || !waiting_.empty()) {
        curl_multi_poll(multi_.get(), nullptr, 0, 50, nullptr);
      }
    }
  }

 private:
  struct Active {
    std::size_t index;
    std::unique_ptr<Transfer> transfer;
  };

  void start_ready() {
    const auto now = Clock::now();
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (static_cast<int>(active_.size()) >= settings_->parallel) return;
      if (schedules_[*it].not_before() > now) {
        ++it;
        continue;
      }
      const std::size_t index = *it;
      it = waiting_.erase(it);
      start(index);
    }
  }

  void start(std::size_t index) {
    const Download& wanted = downloads_[index];
    const std::string& url = wanted.urls[schedules_[index].url()];
    if (const auto path = local_path(url)) return settle(index, copy_local(wanted, *path));
    auto transfer = std::make_unique<Transfer>(wanted, url, *settings_);
    CURL* curl = transfer->raw();
    curl_multi_add_handle(multi_.get(), curl);
    active_[curl] = {index, std::move(transfer)};
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* curl = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_.get(), curl);
      const auto it = active_.find(curl);
      const Active active = std::move(it->second);
      active_.erase(it);
      settle(active.index, active.transfer->outcome(code));
    }
  }

  void settle(std::size_t index, Outcome outcome) {
    DownloadResult& result = (*results_)[index];
    Schedule& schedule = schedules_[index];
    result.url = downloads_[index].urls[schedule.url()];
    result.error = outcome.error;
    result.content = std::move(outcome.content);
    if (outcome.kind == Outcome::Kind::done) {
      tally_->done(size_of(downloads_[index], result), downloads_[index].destination);
    } else if (schedule.go_on(outcome, *settings_)) {
      waiting_.push_back(index);
    } else {
      result.missing = schedule.all_missing();
      failed_ = true;
    }
  }

  void stop() {
    const auto mark = [&](std::size_t index) {
      DownloadResult& result = (*results_)[index];
      result.stopped = true;
      if (result.error.empty()) result.error = "another download failed";
    };
    for (const std::size_t index : waiting_) mark(index);
    for (const auto& [curl, active] : active_) mark(active.index);
  }

  void report() {
    const auto now = Clock::now();
    if (now < next_report_) return;
    next_report_ = now + std::chrono::milliseconds(200);
    std::uint64_t bytes = 0;
    for (const auto& [curl, active] : active_) bytes += active.transfer->size();
    tally_->under_way(bytes);
  }

  std::span<const Download> downloads_;
  const DownloadSettings* settings_;
  std::vector<DownloadResult>* results_;
  Tally* tally_;
  Multi multi_{curl_multi_init()};
  std::vector<Schedule> schedules_;
  std::vector<std::size_t> waiting_;
  std::map<CURL*, Active> active_;
  Clock::time_point next_report_{};
  bool failed_ = false;
};

}  // namespace

std::vector<DownloadResult> download_all(std::span<const Download> downloads,
                                         const DownloadSettings& settings,
                                         const DownloadObserver& observer) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (global != CURLE_OK) throw Error(ErrorKind::host, "cannot start libcurl");
  std::vector<DownloadResult> results(downloads.size());
  Tally tally(observer);
  copy_all(downloads, settings, results, tally);
  throw_if_interrupted();
  const bool failed = std::any_of(results.begin(), results.end(),
                                  [](const DownloadResult& r) { return !r.error.empty(); });
  if (failed && settings.stop_at_failure) return results;
  Engine(downloads, settings, results, tally).run();
  return results;
}

}  // namespace composer::host
