#include "composer/cli.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "composer/version.h"

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

CommandLine parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "image-composer");
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

Answer answer(std::vector<std::string> arguments) {
  const CommandLine line = parse(std::move(arguments));
  REQUIRE(std::holds_alternative<Answer>(line.command));
  return std::get<Answer>(line.command);
}

struct SomeFile {
  test::ScratchFolder scratch;
  std::string path = (scratch.path() / "vm.yaml").string();
  SomeFile() { std::ofstream(path) << "x"; }
};

}  // namespace

TEST_CASE("the version is printed") {
  const Answer given = answer({"--version"});
  CHECK(given.exit_code == 0);
  CHECK(given.text == "image-composer " + std::string(kVersion) + "\n");
}

TEST_CASE("help teaches by example, for the whole and for each command") {
  CHECK(answer({"--help"}).text.find("sudo image-composer build vm.yaml -o out") !=
        std::string::npos);
  for (const char* command : {"validate", "schema", "plan", "lock", "cache", "build", "boot",
                              "lint", "inspect", "diff", "convert"}) {
    const Answer given = answer({command, "--help"});
    CAPTURE(command);
    CHECK(given.exit_code == 0);
    CHECK(given.text.find(std::string("image-composer ") + command) != std::string::npos);
  }
}

TEST_CASE("a wrong command line exits with 2 and says where help is") {
  const SomeFile file;
  for (const auto& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"compose"},
                                             {"build", file.path},
                                             {"build", "/none/vm.yaml", "-o", "out"},
                                             {"plan", file.path, "--xml"},
                                             {"plan", file.path, "--set", "channel"},
                                             {"plan", file.path, "--set", "=prod"},
                                             {"validate", file.path, "--json"},
                                             {"boot", file.path, "--firmware", "coreboot"},
                                             {"boot", file.path, "--timeout", "0"},
                                             {"boot", file.path, "--timeout", "soon"}}) {
    const Answer given = answer(wrong);
    CAPTURE(given.text);
    CHECK(given.exit_code == 2);
    CHECK(given.text.starts_with("error: "));
    CHECK(given.text.find("hint: see 'image-composer") != std::string::npos);
  }
}

TEST_CASE("options reach their requests, global ones before or after the command") {
  const SomeFile file;
  const CommandLine build = parse({"build", file.path, "-o", "out", "--work", "w", "--verbose"});
  CHECK(build.verbose);
  CHECK_FALSE(build.json_log);
  CHECK(std::get<BuildCommand>(build.command).output_directory == "out");
  CHECK(std::get<BuildCommand>(build.command).work_directory == "w");

  const CommandLine plan = parse({"--json-log", "--cache", "c", "plan", file.path, "--json"});
  CHECK(plan.json_log);
  CHECK(plan.cache == "c");
  CHECK(std::get<PlanRequest>(plan.command).json);

  const CommandLine boot =
      parse({"boot", file.path, "--firmware", "bios", "--timeout", "90", "--expect-service", "sshd",
             "--expect-service", "chronyd", "--junit", "j.xml"});
  const BootCommand& request = std::get<BootCommand>(boot.command);
  CHECK(request.firmware == Firmware::bios);
  CHECK(request.timeout_seconds == 90);
  CHECK(request.services == std::vector<std::string>{"sshd", "chronyd"});
  CHECK(request.junit == "j.xml");
}

TEST_CASE("variables and profiles are taken by every command that reads a blueprint") {
  const SomeFile file;
  const std::vector<std::string> options = {"--set", "channel=prod", "--profile", "fips",
                                            "--set", "url=a=b",      "--profile", "hard"};
  const auto with_options = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), options.begin(), options.end());
    return parse(std::move(arguments)).command;
  };
  const auto check = [](const BlueprintOptions& given) {
    CHECK(given.variables ==
          std::vector<std::pair<std::string, std::string>>{{"channel", "prod"}, {"url", "a=b"}});
    CHECK(given.profiles == std::vector<std::string>{"fips", "hard"});
  };
  check(std::get<ValidateRequest>(with_options({"validate", file.path, "--explain"})).options);
  check(std::get<PlanRequest>(with_options({"plan", file.path})).options);
  check(std::get<BuildCommand>(with_options({"build", file.path, "-o", "out"})).options);
  const auto explained = with_options({"validate", file.path, "--explain", "--json"});
  CHECK(std::get<ValidateRequest>(explained).explain);
  CHECK(std::get<ValidateRequest>(explained).json);
}

TEST_CASE("the cache is where the environment says") {
  ::setenv("HOME", "/home/me", 1);
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("IMAGE_COMPOSER_CACHE");
  CHECK(default_cache() == "/home/me/.cache/image-composer");
  ::setenv("XDG_CACHE_HOME", "/xdg", 1);
  CHECK(default_cache() == "/xdg/image-composer");
  ::setenv("IMAGE_COMPOSER_CACHE", "/c", 1);
  CHECK(default_cache() == "/c");
  for (const char* name : {"HOME", "XDG_CACHE_HOME", "IMAGE_COMPOSER_CACHE"}) ::unsetenv(name);
  CHECK_THROWS_AS(default_cache(), Error);
}

TEST_CASE("an update of a lock is of everything, or of what is named, each by its own option") {
  const SomeFile file;
  const auto lock = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "lock");
    return std::get<LockCommand>(parse(std::move(arguments)).command);
  };
  CHECK_FALSE(lock({file.path}).update_given);
  for (const auto& everything :
       {std::vector<std::string>{file.path, "--update"}, {"--update", "--", file.path}}) {
    CHECK(lock(everything).update_given);
    CHECK(lock(everything).update.empty());
    CHECK(lock(everything).blueprint == file.path);
  }
  CHECK(lock({file.path, "--update", "kernel*", "--update", "openssl", "--diff"}).update ==
        std::vector<std::string>{"kernel*", "openssl"});
  CHECK(lock({"--update=pear", file.path}).update == std::vector<std::string>{"pear"});
}

TEST_CASE("the option --lock names the lock of --locked, and nothing without it") {
  const SomeFile file;
  CHECK(answer({"build", file.path, "-o", "out", "--lock", "x"}).exit_code == 2);
  const auto build = std::get<BuildCommand>(
      parse({"build", file.path, "-o", "out", "--locked", "--lock", "x"}).command);
  CHECK(build.lock.locked);
  CHECK(build.lock.lock == "x");
}
