#include "composer/rpm/scriptlet_output.h"

#include <array>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"

using namespace composer;
using namespace composer::rpm;

namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
  FileDescriptor read_end, write_end;
};

}  // namespace

TEST_CASE("what could steer a terminal is not passed on") {
  CHECK(printable("a\tb\x1b[31mred\x07\r\x7f") == "a b?[31mred???");
  CHECK(printable("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
}

TEST_CASE("a scriptlet's output comes as lines, and once") {
  const Pipe pipe;
  ScriptletOutput output;
  CHECK(output.read_from(pipe.read_end.get()));
  CHECK(output.take_lines().empty());
  write_all(pipe.write_end.get(), "one\n\ntw", "pipe");
  CHECK(output.read_from(pipe.read_end.get()));
  write_all(pipe.write_end.get(), "o\nlast", "pipe");
  CHECK(output.read_from(pipe.read_end.get()));
  CHECK(output.take_lines() == std::vector<std::string>{"one", "two", "last"});
  CHECK(output.take_lines().empty());
}

TEST_CASE("of much output the end is kept") {
  Pipe pipe;
  ScriptletOutput output;
  for (int i = 0; i < 2000; ++i) {
    write_all(pipe.write_end.get(), std::string(999, 'x') + "\n", "pipe");
    REQUIRE(output.read_from(pipe.read_end.get()));
  }
  write_all(pipe.write_end.get(), "the end", "pipe");
  pipe.write_end.reset();
  CHECK_FALSE(output.read_from(pipe.read_end.get()));
  const auto lines = output.take_lines();
  CHECK(lines.back() == "the end");
  CHECK(lines.size() < 200);
}
