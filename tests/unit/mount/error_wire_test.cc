#include "composer/mount/error_wire.h"

#include <catch2/catch.hpp>

#include "composer/error.h"

using namespace composer;

TEST_CASE("an error that a contained process reports is the same outside") {
  Error error(ErrorKind::host, std::vector<Problem>{{"it failed", {}, {"| why"}, "mend it"}});
  error.add_context("while trying");
  const Error read = mount::from_wire(mount::to_wire(error));
  CHECK(read.kind() == ErrorKind::host);
  CHECK(read.to_text() == error.to_text());
}

TEST_CASE("an error of any size fits into a pipe that nobody reads meanwhile") {
  std::vector<Problem> problems;
  for (int i = 0; i < 40; ++i) {
    problems.push_back(
        {std::string(4000, '\xff'), {}, std::vector<std::string>(50, std::string(500, '\1')), "x"});
  }
  const std::string wire = mount::to_wire(Error(ErrorKind::build, std::move(problems)));
  CHECK(wire.size() < 60000);
  CHECK(mount::from_wire(wire).problems().size() >= 1);
}
