#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include "composer/checked_blueprint.h"
#include "composer/cli.h"
#include "composer/console.h"
#include "composer/error.h"

using namespace composer;

TEST_CASE("mistakes of the text, the layout, the files and the lint rules are told at once") {
  const auto lines_of = [](const std::string& text) {
    std::vector<int> lines;
    try {
      parse_checked_blueprint(text, "/none/vm.yaml");
    } catch (const Error& error) {
      for (const Problem& problem : error.problems()) lines.push_back(problem.at.line);
    }
    return lines;
  };
  const std::string head =
      "blueprint: 1\nname: web\nversion: 4.0\narch: x86_64\n"
      "repositories: [{id: base, baseurl: /srv/base, gpgkey: base.asc}]\n"
      "packages: {install: [bash]}\n";
  CHECK(
      lines_of(head +
               "disk:\n"
               "  size: 5 GiB\n"
               "  partitions:\n"
               "    - {label: esp, type: esp, size: 200 GiB, filesystem: vfat, mount: /boot/efi}\n"
               "    - {label: root, type: root, size: rest, filesystem: ext4, mount: /}\n"
               "boot: {firmware: uefi}\n"
               "system:\n"
               "  hostname: -bad-\n"
               "  files:\n"
               "    - {path: /etc/a, source: missing}\n"
               "lint:\n"
               "  profiles: [azure-gen2]\n"
               "  ignore:\n"
               "    - {rule: none-such, reason: x}\n"
               "outputs: [{format: vhd-fixed}]\n") == std::vector<int>{10, 14, 16, 20});
  // What follows from a mistake alone is not told, and what could not be read is not used.
  CHECK(lines_of(head + "disk:\n"
                        "  size: 5 apples\n"
                        "  partitions:\n"
                        "    - {label: root, type: root, size: 9 GiB, filesystem: ext4, mount: /}\n"
                        "boot: {firmware: uefi}\n"
                        "system:\n"
                        "  users: [{name: a, expires: 2024-1}]\n"
                        "  files:\n"
                        "    - {path: relative, content: x}\n"
                        "    - {path: /etc/x}\n"
                        "  directories: [{path: /srv, source: ../etc}]\n"
                        "outputs: [{format: vhd-fixed}]\n") ==
        std::vector<int>{8, 11, 13, 15, 16, 17});
}

TEST_CASE("what is wrong with a blueprint never keeps the later checks from ending in order") {
  int count = 0;
  const std::filesystem::path folder = std::string(COMPOSER_TEST_DATA) + "/golden/blueprint";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path());
    ++count;
    try {
      read_checked_blueprint(entry.path());
    } catch (const Error& error) {
      CHECK_FALSE(error.problems().empty());
    }
  }
  CHECK(count >= 20);
}

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
