#include "composer/boot/verdict.h"

#include <charconv>
#include <utility>

#include "composer/base/one_line.h"

namespace composer::vm {
namespace {

constexpr std::string_view kMark = "image-composer ";
constexpr std::size_t kLongestLine = 2048;
constexpr std::size_t kMostRecords = 2000;
constexpr std::size_t kMostUnits = 200, kMostLog = 10, kMostJobs = 20;
constexpr std::size_t kLongestName = 255, kLongestText = 300;

/// Cuts the first word off `text`.
std::string_view next_word(std::string_view& text) {
  const auto space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return word;
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint64_t microseconds(std::string_view text) {
  return number<std::uint64_t>(text).value_or(0);
}

void add(std::vector<std::string>& list, std::string_view text, std::size_t most,
         std::size_t longest) {
  if (list.size() < most) list.push_back(one_line(text, longest));
}

}  // namespace

void VerdictReader::feed(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      if (!line_too_long_) take_line(line_);
      line_.clear();
      line_too_long_ = false;
    } else if (line_.size() >= kLongestLine) {
      line_too_long_ = true;
    } else {
      line_ += c;
    }
  }
}

void VerdictReader::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // The firmware writes to this port as well, without an end of line before our first record.
  const auto mark = line.rfind(kMark);
  if (mark == std::string_view::npos) return;
  line.remove_prefix(mark + kMark.size());
  if (nonce_.empty() || next_word(line) != nonce_) return;
  const std::string_view keyword = next_word(line);
  take_record(keyword, line);
}

void VerdictReader::take_record(std::string_view keyword, std::string_view value) {
  if (report_) return;  // The first whole report stands.
  if (keyword == "hello") {
    const std::optional<double> uptime = number<double>(next_word(value));
    if (!uptime || !(*uptime >= 0) || *uptime > 1e6) return;
    std::optional<double>& hello = value == "initrd" ? initrd_hello_ : system_hello_;
    if (!hello) hello = uptime;
    waiting_for_.clear();
  } else if (keyword == "waiting") {
    waiting_for_.clear();
  } else if (keyword == "job") {
    add(waiting_for_, value, kMostJobs, kLongestName);
  } else if (keyword == "begin") {
    draft_.reset();
    if (value == "1") draft_.emplace();
    records_ = 1;
  } else if (draft_) {
    take_report_record(keyword, value);
  }
}

GuestUnit* VerdictReader::unit(std::string_view name) {
  std::string key = one_line(name, kLongestName);
  const auto found = draft_->units.find(key);
  if (found != draft_->units.end()) return &found->second;
  if (draft_->units.size() >= kMostUnits) return nullptr;
  return &draft_->units[std::move(key)];
}

void VerdictReader::take_report_record(std::string_view keyword, std::string_view value) {
  if (keyword == "end") {
    // The guest counts begin and all that follows, without the end itself.
    if (number<std::size_t>(value) == records_) {
      report_ = std::move(draft_);
      damaged_ = false;
    } else {
      damaged_ = true;
    }
    draft_.reset();
    return;
  }
  if (++records_ > kMostRecords) {
    draft_.reset();
    damaged_ = true;
    return;
  }
  GuestReport& report = *draft_;
  if (keyword == "state") {
    report.system_state = one_line(value, 32);
  } else if (keyword == "kernel") {
    report.kernel = one_line(value, 64);
  } else if (keyword == "hostname") {
    report.hostname = one_line(value, 64);
  } else if (keyword == "failed") {
    add(report.failed, value, kMostUnits, kLongestName);
  } else if (keyword == "unmounted") {
    add(report.unmounted, value, kMostUnits, kLongestName);
  } else if (keyword == "log") {
    if (GuestUnit* of = unit(next_word(value))) add(of->log, value, kMostLog, kLongestText);
  } else if (keyword == "time" || keyword == "unit") {
    const std::string_view name = keyword == "unit" ? next_word(value) : std::string_view();
    const auto equals = value.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view property = value.substr(0, equals);
    const std::string_view text = value.substr(equals + 1);
    if (keyword == "time") {
      if (property == "InitRDTimestampMonotonic") report.initrd_us = microseconds(text);
      if (property == "UserspaceTimestampMonotonic") report.userspace_us = microseconds(text);
      if (property == "FinishTimestampMonotonic") report.finish_us = microseconds(text);
      return;
    }
    GuestUnit* of = unit(name);
    if (!of) return;
    if (property == "LoadState") of->load_state = one_line(text, 32);
    if (property == "ActiveState") of->active_state = one_line(text, 32);
    if (property == "SubState") of->sub_state = one_line(text, 32);
    if (property == "Result") of->result = one_line(text, 32);
    if (property == "ActiveEnterTimestampMonotonic") of->active_since_us = microseconds(text);
  }
}

}  // namespace composer::vm
