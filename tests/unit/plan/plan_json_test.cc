#include "composer/plan/plan_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "composer/error.h"

#include "tests/unit/plan/example_plan.h"

using namespace composer;
using composer::test::example_plan;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_plan(text, "plan.lock");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "nothing was refused";
}

/// The example's JSON with one change made to it.
template <typename Change>
std::string changed(Change&& change) {
  auto json = nlohmann::ordered_json::parse(to_json(example_plan()));
  change(json);
  return json.dump();
}

}  // namespace

TEST_CASE("a plan survives its JSON form unchanged") {
  const std::string text = to_json(example_plan());
  CHECK(to_json(parse_plan(text, "plan.lock")) == text);
  CHECK(text.ends_with("}\n"));
}

TEST_CASE("bytes that are not UTF-8 survive as base64") {
  const Plan plan = parse_plan(to_json(example_plan()), "plan.lock");
  CHECK(plan.system.files.at(1).content == std::string("\xff\x00\x80", 3));
  CHECK(to_json(plan).find(R"("base64": "/wCA")") != std::string::npos);
}

TEST_CASE("a lock with an unknown key is refused by its path") {
  CHECK(refusal(changed([](auto& json) { json["disk"]["partitions"][0]["colour"] = "red"; })) ==
        "disk.partitions[0].colour: this key is unknown");
}

TEST_CASE("a lock with a missing key is refused by its path") {
  CHECK(refusal(changed([](auto& json) { json["packages"][0].erase("checksum"); })) ==
        "packages[0].checksum: this key is missing");
}

TEST_CASE("values of the wrong type or range are refused") {
  CHECK(refusal(changed([](auto& json) { json["disk"]["size"] = -1; })) ==
        "disk.size: a whole number that is not negative is needed here");
  CHECK(refusal(changed([](auto& json) { json["packages"][0]["epoch"] = 4294967296; })) ==
        "packages[0].epoch: a whole number that is not negative is needed here");
  CHECK(refusal(changed([](auto& json) { json["name"] = 7; })) == "name: a string is needed here");
  CHECK(refusal(changed([](auto& json) { json["boot"]["firmware"] = "coreboot"; })) ==
        "boot.firmware: 'coreboot' is not one of the values of this key");
  CHECK(refusal(changed([](auto& json) { json["outputs"] = "raw"; })) ==
        "outputs: a list is needed here");
  CHECK(refusal("[]") == ": an object is needed here");
}

TEST_CASE("a lock of another format says what to do") {
  CHECK(refusal(changed([](auto& json) { json["format"] = 99; })) ==
        "its format 99 is not the one that this version reads, 1");
}

TEST_CASE("text that is not JSON is refused") {
  CHECK(refusal("{").starts_with("'plan.lock' is not JSON: "));
}

TEST_CASE("a NEVRA names the epoch only where there is one") {
  PlannedPackage package = example_plan().packages[0];
  CHECK(package.nevra() == "bash-1:5.2-1.azl4.x86_64");
  package.epoch = 0;
  CHECK(package.nevra() == "bash-5.2-1.azl4.x86_64");
}
