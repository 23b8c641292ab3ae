#include "composer/plan/identity.h"

#include <catch2/catch.hpp>

using namespace composer;

TEST_CASE("a derived UUID depends on seed and purpose alone") {
  CHECK(derived_uuid("seed", "root") == derived_uuid("seed", "root"));
  CHECK(derived_uuid("seed", "root") != derived_uuid("seed", "esp"));
  CHECK(derived_uuid("seed", "root") != derived_uuid("seed2", "root"));
  CHECK(derived_uuid("a", "bc") != derived_uuid("ab", "c"));
}

TEST_CASE("a derived UUID has RFC 9562's version 8 and variant") {
  const std::string uuid = derived_uuid("seed", "root");
  CHECK(uuid.size() == 36);
  CHECK(uuid[14] == '8');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
}
