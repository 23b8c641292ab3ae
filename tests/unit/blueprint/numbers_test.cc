#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer;
using namespace composer::blueprint;
using composer::test::value_of;
using composer::test::verdict;

namespace {
constexpr auto kQuoted = Node::Style::quoted;
constexpr auto kVariable = Node::Style::variable;
}  // namespace

TEST_CASE("booleans are true and false, and nothing else") {
  CHECK(value_of(kBoolean, "true"));
  CHECK_FALSE(value_of(kBoolean, "false"));
  CHECK(verdict(kBoolean, "yes") == "'yes' is neither true nor false [did you mean 'true'?]");
  CHECK(verdict(kBoolean, "Off") == "'Off' is neither true nor false [did you mean 'false'?]");
  CHECK(verdict(kBoolean, "maybe") == "'maybe' is neither true nor false [write true or false]");
  CHECK(verdict(kBoolean, "true", kQuoted) ==
        "'true' in quotes is a text, not true or false [leave the quotes out]");
}

TEST_CASE("a variable alone stands for what the key takes, in quotes or not") {
  CHECK(value_of(kBoolean, "true", kVariable));
  CHECK(value_of(kPriority, "5", kVariable) == 5);
  CHECK(value_of(kFileMode, "0644", kVariable) == 0644);
  CHECK(verdict(kFileMode, "644", kVariable) ==
        "file mode '644' does not have four digits [write \"0644\"]");
  CHECK(verdict(kPriority, "x", kVariable) ==
        "'x' is not a priority [a priority is between 1 and 9999]");
}

TEST_CASE("a priority is a whole number from 1 to 9999") {
  CHECK(value_of(kPriority, "1") == 1);
  CHECK(value_of(kPriority, "9999") == 9999);
  const std::string bounds = " [a priority is between 1 and 9999]";
  CHECK(verdict(kPriority, "0") == "'0' is out of range" + bounds);
  CHECK(verdict(kPriority, "-1") == "'-1' is out of range" + bounds);
  CHECK(verdict(kPriority, "10000") == "'10000' is out of range" + bounds);
  CHECK(verdict(kPriority, "99999999999999999999") ==
        "'99999999999999999999' is out of range" + bounds);
  CHECK(verdict(kPriority, "5x") == "'5x' is not a priority" + bounds);
  CHECK(verdict(kPriority, "") == "'' is not a priority" + bounds);
  CHECK(verdict(kPriority, "1.0") == "'1.0' is not a priority" + bounds);
  CHECK(verdict(kPriority, "5", kQuoted) ==
        "'5' in quotes is a text, not a priority [leave the quotes out]");
  CHECK(verdict(kPriority, "010") ==
        "'010' begins with a zero, which YAML 1.1 reads as octal [write the number in decimal, "
        "without leading zeros]");
}

TEST_CASE("a cost may be zero, an id is 32 bits less the last") {
  CHECK(value_of(kCost, "0") == 0);
  CHECK(value_of(kNumericId, "4294967294") == 4294967294u);
  CHECK(verdict(kNumericId, "4294967295") ==
        "'4294967295' is out of range [a numeric id is between 0 and 4294967294]");
}

TEST_CASE("an epoch is seconds, and a date is told from them") {
  CHECK(value_of(kEpoch, "1767225600") == 1767225600);
  CHECK(verdict(kEpoch, "2026-01-01") ==
        "'2026-01-01' is a date, not seconds since 1970 ['date -u -d 2026-01-01 +%s' says how many "
        "they are]");
  CHECK(verdict(kEpoch, "-5") ==
        "'-5' is out of range [a count of seconds is between 0 and 4294967295]");
}

TEST_CASE("a file mode is four octal digits in quotes") {
  CHECK(value_of(kFileMode, "0644", kQuoted) == 0644);
  CHECK(value_of(kFileMode, "4755", kQuoted) == 04755);
  CHECK(verdict(kFileMode, "0644") ==
        "file mode 0644 is not in quotes: YAML 1.1 reads such a number as octal and YAML 1.2 as "
        "decimal [write \"0644\"]");
  CHECK(verdict(kFileMode, "644") ==
        "file mode 644 is not in quotes: YAML 1.1 reads such a number as octal and YAML 1.2 as "
        "decimal [write \"0644\"]");
  CHECK(verdict(kFileMode, "644", kQuoted) ==
        "file mode '644' does not have four digits [write \"0644\"]");
  const std::string hint = " [write four octal digits in quotes, such as \"0644\" or \"0755\"]";
  CHECK(verdict(kFileMode, "0o644", kQuoted) == "'0o644' is not a file mode" + hint);
  CHECK(verdict(kFileMode, "u=rw", kQuoted) == "'u=rw' is not a file mode" + hint);
  CHECK(verdict(kFileMode, "0689", kQuoted) == "'0689' is not a file mode" + hint);
  CHECK(verdict(kFileMode, "00644", kQuoted) == "'00644' is not a file mode" + hint);
  CHECK(verdict(kFileMode, "", kQuoted) == "'' is not a file mode" + hint);
}

TEST_CASE("sizes are whole MiB in binary units") {
  CHECK(value_of(kSize, "5 GiB") == GiB(5));
  CHECK(value_of(kSize, "200MiB") == MiB(200));
  CHECK(value_of(kSize, "2048 KiB") == MiB(2));
  CHECK(value_of(kSize, "1 TiB", kQuoted) == TiB(1));
}

TEST_CASE("a size in another unit is refused with what was meant") {
  CHECK(verdict(kSize, "5G") ==
        "size '5G' is ambiguous: 'G' counts in powers of ten to some tools and of two to others "
        "[did you mean '5 GiB'?]");
  CHECK(verdict(kSize, "512 MB") ==
        "size '512 MB' is ambiguous: 'MB' counts in powers of ten to some tools and of two to "
        "others [did you mean '512 MiB'?]");
  CHECK(verdict(kSize, "5 gib") ==
        "size '5 gib' has an unknown unit 'gib' [did you mean '5 GiB'?]");
  CHECK(verdict(kSize, "5") == "size '5' has no unit [did you mean '5 MiB' or '5 GiB'?]");
  CHECK(verdict(kSize, "1.5 GiB") ==
        "size '1.5 GiB' is not a whole number [did you mean '1536 MiB'?]");
  CHECK(verdict(kSize, "0.3 GiB").find("write a whole number") != std::string::npos);
  CHECK(verdict(kSize, "0 GiB") == "a size of zero [give at least '1 MiB']");
  CHECK(verdict(kSize, "1500 KiB") ==
        "size '1500 KiB' is not a whole number of MiB, which partitions and disks are aligned to "
        "[did you mean '2 MiB'?]");
  CHECK(verdict(kSize, "99999999999 TiB") == "size '99999999999 TiB' is too large [at most 8 EiB]");
  for (const char* text : {"", "big", "-5 GiB", "5 apples", "rest", "GiB", "5 GiB or so"}) {
    CAPTURE(text);
    CHECK(verdict(kSize, text) ==
          "'" + std::string(text) +
              "' is not a size [write a whole number and KiB, MiB, GiB or TiB, such as '5 GiB']");
  }
}

TEST_CASE("a partition may have the rest") {
  CHECK_FALSE(value_of(kPartitionSize, "rest").has_value());
  CHECK(value_of(kPartitionSize, "1 MiB") == MiB(1));
  CHECK(verdict(kPartitionSize, "100%") == "'100%' is not a size [did you mean 'rest'?]");
  CHECK(verdict(kPartitionSize, "5G").find("did you mean '5 GiB'?") != std::string::npos);
}

TEST_CASE("durations are seconds or minutes, at most a day") {
  CHECK(value_of(kDuration, "120 s") == 120);
  CHECK(value_of(kDuration, "2 min") == 120);
  CHECK(value_of(kDuration, "1440 min") == 86400);
  CHECK(verdict(kDuration, "120") == "duration '120' has no unit [did you mean '120 s'?]");
  CHECK(verdict(kDuration, "5 minutes") == "'5 minutes' is not a duration [did you mean '5 min'?]");
  const std::string range = " is out of range [between '1 s' and '1440 min']";
  CHECK(verdict(kDuration, "0 s") == "duration '0 s'" + range);
  CHECK(verdict(kDuration, "86401 s") == "duration '86401 s'" + range);
  CHECK(verdict(kDuration, "1441 min") == "duration '1441 min'" + range);
  CHECK(verdict(kDuration, "99999999999999999999 s") ==
        "duration '99999999999999999999 s'" + range);
  const std::string hint = " [write a whole number and s or min, such as '120 s']";
  CHECK(verdict(kDuration, "soon") == "'soon' is not a duration" + hint);
  CHECK(verdict(kDuration, "1.5 min") == "'1.5 min' is not a duration" + hint);
  CHECK(verdict(kDuration, "1 h") == "'1 h' is not a duration" + hint);
}
