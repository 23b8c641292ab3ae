#include <charconv>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

/// An amount as people write it: digits with perhaps a fraction, then a unit.
struct WrittenAmount {
  std::string_view whole, fraction, unit;
};

std::optional<WrittenAmount> split_amount(std::string_view text) {
  WrittenAmount amount;
  const auto take_digits = [&] {
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n])) ++n;
    const std::string_view digits = text.substr(0, n);
    text.remove_prefix(n);
    return digits;
  };
  amount.whole = take_digits();
  if (amount.whole.empty()) return std::nullopt;
  if (text.size() > 1 && (text[0] == '.' || text[0] == ',') && is_digit(text[1])) {
    text.remove_prefix(1);
    amount.fraction = take_digits();
  }
  while (text.starts_with(' ')) text.remove_prefix(1);
  amount.unit = text;
  return amount;
}

struct ForeignUnit {
  std::string_view lower_case;
  std::string_view ours;
};

constexpr ForeignUnit kForeignSizeUnits[] = {
    {"k", "KiB"},   {"kb", "KiB"}, {"kib", "KiB"}, {"ki", "KiB"}, {"m", "MiB"},   {"mb", "MiB"},
    {"mib", "MiB"}, {"mi", "MiB"}, {"g", "GiB"},   {"gb", "GiB"}, {"gib", "GiB"}, {"gi", "GiB"},
    {"t", "TiB"},   {"tb", "TiB"}, {"tib", "TiB"}, {"ti", "TiB"},
};
constexpr ForeignUnit kForeignTimeUnits[] = {
    {"sec", "s"}, {"secs", "s"},   {"second", "s"},   {"seconds", "s"},
    {"m", "min"}, {"mins", "min"}, {"minute", "min"}, {"minutes", "min"},
};

template <std::size_t count>
std::optional<std::string_view> unit_for(std::string_view unit,
                                         const ForeignUnit (&foreign)[count]) {
  std::string lower(unit);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const ForeignUnit& other : foreign) {
    if (other.lower_case == lower) return other.ours;
  }
  return std::nullopt;
}

/// `1.5 GiB` as the whole number of MiB that it is, if it is one: `1536 MiB`.
std::optional<std::string> in_whole_mib(const WrittenAmount& amount) {
  if (amount.whole.size() > 4 || amount.fraction.size() > 4) return std::nullopt;
  const std::uint64_t unit = amount.unit == "TiB" ? 1u << 20 : amount.unit == "GiB" ? 1u << 10 : 0;
  std::uint64_t whole = 0, fraction = 0, scale = 1;
  std::from_chars(amount.whole.data(), amount.whole.data() + amount.whole.size(), whole);
  std::from_chars(amount.fraction.data(), amount.fraction.data() + amount.fraction.size(),
                  fraction);
  for (std::size_t i = 0; i < amount.fraction.size(); ++i) scale *= 10;
  if (unit == 0 || fraction * unit % scale != 0) return std::nullopt;
  return fmt::format("{} MiB", whole * unit + fraction * unit / scale);
}

Refusal refuse_size(std::string_view text) {
  const std::string general = "write a whole number and KiB, MiB, GiB or TiB, such as '5 GiB'";
  const std::optional<WrittenAmount> amount = split_amount(text);
  if (!amount) return {fmt::format("'{}' is not a size", text), general};
  if (amount->unit.empty()) {
    return {fmt::format("size '{}' has no unit", text),
            fmt::format("did you mean '{0} MiB' or '{0} GiB'?", amount->whole)};
  }
  const auto unit = unit_for(amount->unit, kForeignSizeUnits);
  if (!unit) return {fmt::format("'{}' is not a size", text), general};
  if (!amount->fraction.empty()) {
    const auto whole = in_whole_mib(*amount);
    return {fmt::format("size '{}' is not a whole number", text),
            whole ? fmt::format("did you mean '{}'?", *whole) : general};
  }
  const std::string meant = fmt::format("{} {}", amount->whole, *unit);
  if (amount->unit == *unit) return {fmt::format("size '{}' is too large", text), "at most 8 EiB"};
  const bool ambiguous = amount->unit.find_first_of("iI") == std::string_view::npos;
  return {ambiguous ? fmt::format("size '{}' is ambiguous: '{}' counts in powers of ten to some "
                                  "tools and of two to others",
                                  text, amount->unit)
                    : fmt::format("size '{}' has an unknown unit '{}'", text, amount->unit),
          fmt::format("did you mean '{}'?", meant)};
}

std::optional<Refusal> read_size(const Node& node, Bytes& value) {
  const std::optional<Bytes> size = parse_bytes(node.text);
  if (!size) return refuse_size(node.text);
  if (size->count == 0) return Refusal{"a size of zero", "give at least '1 MiB'"};
  if (size->count % MiB(1).count != 0) {
    return Refusal{fmt::format("size '{}' is not a whole number of MiB, which partitions and disks "
                               "are aligned to",
                               node.text),
                   fmt::format("did you mean '{}'?", to_text(round_up(*size, MiB(1))))};
  }
  value = *size;
  return std::nullopt;
}

std::optional<Refusal> read_partition_size(const Node& node, std::optional<Bytes>& value) {
  if (node.text == "rest") {
    value.reset();
    return std::nullopt;
  }
  constexpr std::string_view kRest[] = {"*", "100%", "max", "fill", "grow", "remaining", "Rest"};
  if (std::find(std::begin(kRest), std::end(kRest), node.text) != std::end(kRest)) {
    return Refusal{fmt::format("'{}' is not a size", node.text), "did you mean 'rest'?"};
  }
  return read_size(node, value.emplace());
}

struct DurationLimits {
  std::uint64_t least = 0, most = 0;  ///< Seconds.
  std::string_view range;             ///< The same in words.
};

constexpr DurationLimits kDurationLimits{1, 24 * 60 * 60, "between '1 s' and '1440 min'"};
// Longer than anybody waits at a console, and short of making a machine seem dead.
constexpr DurationLimits kMenuLimits{0, 5 * 60, "between '0 s' and '5 min'"};

template <const DurationLimits& limits>
std::optional<Refusal> read_duration(const Node& node, std::uint64_t& value) {
  const std::optional<WrittenAmount> amount = split_amount(node.text);
  const std::string general = "write a whole number and s or min, such as '120 s'";
  if (!amount || !amount->fraction.empty()) {
    return Refusal{fmt::format("'{}' is not a duration", node.text), general};
  }
  if (amount->unit.empty()) {
    return Refusal{fmt::format("duration '{}' has no unit", node.text),
                   fmt::format("did you mean '{} s'?", amount->whole)};
  }
  if (amount->unit != "s" && amount->unit != "min") {
    const auto unit = unit_for(amount->unit, kForeignTimeUnits);
    return Refusal{fmt::format("'{}' is not a duration", node.text),
                   unit ? fmt::format("did you mean '{} {}'?", amount->whole, *unit) : general};
  }
  std::uint64_t number = 0;
  const char* const end = amount->whole.data() + amount->whole.size();
  const bool fits = std::from_chars(amount->whole.data(), end, number).ec == std::errc();
  if (!fits || number < limits.least || number > limits.most ||
      (amount->unit == "min" && number > limits.most / 60)) {
    return Refusal{fmt::format("duration '{}' is out of range", node.text),
                   std::string(limits.range)};
  }
  value = amount->unit == "min" ? number * 60 : number;
  return std::nullopt;
}

}  // namespace

constinit const Scalar<Bytes> kSize = {
    {"a size", "A whole number and `KiB`, `MiB`, `GiB` or `TiB`; a whole number of MiB."},
    read_size};

constinit const Scalar<std::optional<Bytes>> kPartitionSize = {
    {"a size or 'rest'",
     "A size as above, or `rest`: what the others leave, for the last partition alone."},
    read_partition_size};

constinit const Scalar<std::uint64_t> kDuration = {
    {"a duration", "A whole number and `s` or `min`, at most a day."},
    read_duration<kDurationLimits>};

constinit const Scalar<std::uint64_t> kMenuTimeout = {
    {"a duration of a menu", "As a duration, from `0 s` (no menu) to `5 min`."},
    read_duration<kMenuLimits>};

}  // namespace composer::blueprint
