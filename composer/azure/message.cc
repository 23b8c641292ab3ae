#include "composer/azure/message.h"

#include <nlohmann/json.hpp>

namespace composer::azure {

std::string Request::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::string Request::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

Answer json_error(int status, std::string_view error) {
  const nlohmann::json body = {{"error", std::string(error)}};
  return {status, "application/json; charset=utf-8", body.dump(), {}};
}

}  // namespace composer::azure
