#include "composer/manifest.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "composer/base/checksum.h"
#include "composer/plan/plan_json.h"

#include "tests/unit/plan/example_plan.h"

using namespace composer;

TEST_CASE("the manifest names images, packages and keys, and depends on nothing else") {
  const Plan plan = test::example_plan();
  const std::vector<Image> images = {{.output = plan.outputs[0],
                                      .path = "/anywhere/vm.qcow2",
                                      .file_size = MiB(300),
                                      .virtual_size = GiB(5),
                                      .sha256 = std::string(64, 'c')}};
  const std::string text = manifest_json(plan, images);
  const auto json = nlohmann::json::parse(text);
  CHECK(json["images"][0]["file"] == "vm.qcow2");
  CHECK(json["images"][0]["sha256"] == std::string(64, 'c'));
  CHECK(json["packages"][0]["nevra"] == "bash-1:5.2-1.azl4.x86_64");
  CHECK(json["repositories"][0]["keys"][0] == "ABCD");
  CHECK(json["plan_sha256"] == sha256_hex(to_json(plan)));
  CHECK(text.find("/anywhere") == std::string::npos);
  CHECK(manifest_json(plan, images) == text);
}

TEST_CASE("SHA256SUMS is sorted by name, in sha256sum's form") {
  CHECK(sha256sums({{"b", "22"}, {"a", "11"}}) == "11  a\n22  b\n");
}
