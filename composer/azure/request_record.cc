#include "composer/azure/request_record.h"

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "composer/base/one_line.h"

namespace composer::azure {
namespace {

constexpr std::uint64_t kLongestLog = 16ull << 20;
constexpr std::size_t kMostHealth = 100;
constexpr std::size_t kLongestTarget = 500, kLongestBody = 2000;

bool is_health(const Request& request) {
  return request.method == "POST" && request.path.starts_with("/machine") &&
         request.parameter("comp") == "health";
}

std::string target(const Request& request) {
  std::string text = request.path;
  char before = '?';
  for (const auto& [key, value] : request.query) {
    text += before + key + "=" + value;
    before = '&';
  }
  return one_line(text, kLongestTarget);
}

}  // namespace

std::string_view to_text(Service service) {
  switch (service) {
    case Service::imds:
      return "imds";
    case Service::wire_server:
      return "wireserver";
    case Service::host_plugin:
      return "hostplugin";
  }
  return "";
}

std::optional<double> ServiceFacts::ready_at() const {
  for (const HealthReport& report : health) {
    if (report.state == "Ready") return report.at;
  }
  return std::nullopt;
}

RequestRecord::RequestRecord(const std::filesystem::path& log)
    : log_(log.empty() ? FileDescriptor() : open_file(log, O_WRONLY | O_CREAT | O_TRUNC)),
      log_name_(log.string()) {}

void RequestRecord::power_on(Clock::time_point at) {
  const std::lock_guard lock(mutex_);
  power_on_ = at;
}

void RequestRecord::write(Service service, const Request& request, const Answer& answer,
                          double at) {
  nlohmann::ordered_json line = {{"seconds", at},
                                 {"service", to_text(service)},
                                 {"method", one_line(request.method, 16)},
                                 {"target", target(request)},
                                 {"status", answer.status},
                                 {"agent", one_line(request.header("user-agent"))}};
  // What else a guest posts is telemetry: long, and nobody's business.
  if (is_health(request)) line["body"] = one_line(request.body, kLongestBody);
  const std::string text = line.dump() + "\n";
  if (!log_ || log_size_ + text.size() > kLongestLog) return;
  log_size_ += text.size();
  write_all(log_.get(), text, log_name_);
}

void RequestRecord::add(Service service, const Request& request, const Answer& answer) {
  const std::lock_guard lock(mutex_);
  const double at = std::chrono::duration<double>(Clock::now() - power_on_).count();
  if (service == Service::imds) {
    ++facts_.imds_requests;
    if (!facts_.imds_asked_at) facts_.imds_asked_at = at;
    if (!request.headers.contains("metadata")) ++facts_.imds_without_header;
    if (answer.status == 200 && request.path.starts_with("/metadata/instance")) {
      ++facts_.imds_answered;
      if (!facts_.imds_answered_at) facts_.imds_answered_at = at;
    }
  } else {
    ++facts_.wire_requests;
    if (answer.status == 200 && request.parameter("comp") == "goalstate") ++facts_.goal_states;
    if (service == Service::wire_server && answer.status == 200 && is_health(request) &&
        facts_.health.size() < kMostHealth) {
      if (auto report = parse_health_report(request.body)) {
        report->at = at;
        facts_.health.push_back(std::move(*report));
      }
    }
  }
  write(service, request, answer, at);
}

ServiceFacts RequestRecord::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

}  // namespace composer::azure
