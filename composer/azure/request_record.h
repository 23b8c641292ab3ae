#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "composer/azure/health_report.h"
#include "composer/azure/message.h"
#include "composer/base/file_descriptor.h"

namespace composer::azure {

enum class Service { imds, wire_server, host_plugin };
std::string_view to_text(Service service);

/// What a guest asked of the services, counted.
struct ServiceFacts {
  std::size_t imds_answered = 0;           ///< Instance metadata that was handed out.
  std::optional<double> imds_answered_at;  ///< The first time.
  std::size_t imds_without_header = 0;     ///< Refused: no `Metadata: true`.
  std::size_t imds_requests = 0;
  std::optional<double> imds_asked_at;  ///< The first time.
  std::size_t goal_states = 0;
  std::size_t wire_requests = 0;     ///< Of both ports.
  std::vector<HealthReport> health;  ///< The first 100.

  std::optional<double> ready_at() const;
};

/// Keeps what was asked: the facts, and a line of JSON for each request. May be used from several
/// threads at once.
class RequestRecord {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param log  Written anew; up to 16 MiB, then only counted. Empty: no file.
  explicit RequestRecord(const std::filesystem::path& log);

  /// Times count from here; before, from when this was made.
  void power_on(Clock::time_point at);
  void add(Service service, const Request& request, const Answer& answer);
  ServiceFacts facts() const;

 private:
  void write(Service service, const Request& request, const Answer& answer, double at);

  mutable std::mutex mutex_;
  FileDescriptor log_;
  std::string log_name_;
  std::uint64_t log_size_ = 0;
  Clock::time_point power_on_ = Clock::now();
  ServiceFacts facts_;
};

}  // namespace composer::azure
