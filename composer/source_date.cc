#include "composer/source_date.h"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

#include "composer/error.h"

namespace composer {

std::optional<std::int64_t> source_date_from_environment() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (!text) return std::nullopt;
  const std::string_view digits = text;
  std::int64_t epoch = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), epoch);
  if (error != std::errc() || end != digits.data() + digits.size() || epoch < 0) {
    throw Error(ErrorKind::usage,
                fmt::format("SOURCE_DATE_EPOCH is '{}', not a number of seconds", digits),
                "set it to a whole number, or unset it");
  }
  return epoch;
}

}  // namespace composer
