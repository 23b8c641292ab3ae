#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// HTTP without a library, so that what the services answer can be tested without a socket.

namespace composer::azure {

/// Hostile: sizes are bounded by the server, contents by nobody.
struct Request {
  std::string method;  ///< GET, POST, PUT, …
  std::string path;    ///< Decoded, without the query.
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;

  /// The first value of the header or of the query's key; empty where there is none.
  std::string header(const std::string& lower_case_name) const;
  std::string parameter(const std::string& name) const;
};

struct Answer {
  int status = 200;
  std::string content_type = "text/xml; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// `{"error": "…"}`, as IMDS answers.
Answer json_error(int status, std::string_view error);

}  // namespace composer::azure
