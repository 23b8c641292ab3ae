#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <unistd.h>

#include "composer/cli.h"
#include "composer/console.h"

using namespace composer;

TEST_CASE("a blueprint that comes by a pipe is explained and checked, read once") {
  const std::string text =
      "blueprint: 1\nname: web\nversion: 4.0\narch: x86_64\n"
      "repositories: [{id: base, baseurl: /srv/base, gpgkey: base.asc}]\n"
      "packages: {install: [bash]}\noutputs: [{format: tar}]\n";
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  ValidateRequest request;
  request.blueprints = {"/dev/fd/" + std::to_string(ends[0])};
  request.explain = true;
  CommandLine line;
  line.command = request;
  char* told = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&told, &size);
  {
    Console console(stream, ConsoleStyle::plain, Detail::normal);
    CHECK(run_command(line, console) == 0);
  }
  std::fclose(stream);
  CHECK(std::string(told, size).empty());
  std::free(told);
  ::close(ends[0]);
}
