#include "composer/tree/scripts.h"

#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

Plan plan_with(std::vector<PlannedScript> scripts) {
  Plan plan = test::sample_plan();
  plan.scripts = std::move(scripts);
  return plan;
}

/// A root whose programs print `output` line by line and end with `status`.
MemoryRoot root_that_ends(int status, const std::vector<std::string>& output = {}) {
  MemoryRoot root;
  root.file("/usr/bin/bash", "", {0755, 0, 0}).file("/usr/bin/python3", "", {0755, 0, 0});
  root.link("/bin/sh", "../usr/bin/bash");
  root.on_run = [=](MemoryRoot&, const RootCommand& command) {
    for (const std::string& line : output) command.on_line(line);
    return RootCommandResult{status, "", ""};
  };
  return root;
}

class HeardProgress final : public Progress {
 public:
  void begin(Stage, Amount) override {}
  void advance(Stage, Amount, std::string_view) override {}
  void end(Stage, Amount) override {}
  void note(std::string_view text) override { heard.emplace_back(text); }
  void warning(std::string_view text) override { heard.emplace_back(text); }
  void command(std::span<const std::string>) override {}
  void output(std::string_view source, std::string_view line) override {
    heard.push_back(std::string(source) + ": " + std::string(line));
  }
  std::vector<std::string> heard;
};

std::string failure(const PlannedScript& script, MemoryRoot root) {
  SilentProgress progress;
  return test::message_of(
      [&] { tree::run_scripts(plan_with({script}), script.when, root, progress); });
}

}  // namespace

TEST_CASE("scripts of the moment run in order, the others do not") {
  MemoryRoot root = root_that_ends(0);
  const Plan plan = plan_with({{.name = "a", .content = "one"},
                               {.name = "b", .when = ScriptMoment::before_configuration},
                               {.name = "c", .content = "two"}});
  SilentProgress progress;
  tree::run_scripts(plan, ScriptMoment::after_configuration, root, progress);
  REQUIRE(root.commands.size() == 2);
  CHECK(root.commands[0].program == "one");
  CHECK(root.commands[1].program == "two");
}

TEST_CASE("a script is run by what was asked for, by its first line, or by the shell") {
  MemoryRoot root = root_that_ends(0);
  const Plan plan =
      plan_with({{.name = "shell", .content = "true\n"},
                 {.name = "line", .content = "#! /usr/bin/python3 -I\npass\n"},
                 {.name = "asked", .content = "#!/nowhere\n", .interpreter = "/usr/bin/bash"}});
  SilentProgress progress;
  tree::run_scripts(plan, ScriptMoment::after_configuration, root, progress);
  using Arguments = std::vector<std::string>;
  CHECK(root.commands[0].arguments == Arguments{"/bin/sh", "/run/image-composer-script"});
  CHECK(root.commands[1].arguments == Arguments{"/run/image-composer-script"});
  CHECK(root.commands[2].arguments == Arguments{"/usr/bin/bash", "/run/image-composer-script"});
}

TEST_CASE("a script has its environment and the source date, and a network if asked for") {
  MemoryRoot root = root_that_ends(0);
  Plan plan = plan_with(
      {{.name = "off"}, {.name = "on", .network = true, .environment = {{"CHANNEL", "a b"}}}});
  plan.source_date_epoch = 77;
  HeardProgress progress;
  tree::run_scripts(plan, ScriptMoment::after_configuration, root, progress);
  CHECK(root.commands[0].environment == std::vector<std::string>{"SOURCE_DATE_EPOCH=77"});
  CHECK(root.commands[0].network == RootNetwork::none);
  CHECK(root.commands[1].environment ==
        std::vector<std::string>{"SOURCE_DATE_EPOCH=77", "CHANNEL=a b"});
  CHECK(root.commands[1].network == RootNetwork::host);
  CHECK(progress.heard == std::vector<std::string>{"script 'on' (after-configuration) runs with "
                                                   "the network of this machine"});
}

TEST_CASE("what a script prints is passed on line by line") {
  MemoryRoot root = root_that_ends(0, {"first", "", "second"});
  HeardProgress progress;
  tree::run_scripts(plan_with({{.name = "x"}}), ScriptMoment::after_configuration, root, progress);
  CHECK(progress.heard ==
        std::vector<std::string>{"script x: first", "script x: ", "script x: second"});
}

TEST_CASE("a script that fails says its name, moment, status and the end of its output") {
  CHECK_THAT(failure({.name = "seed"}, root_that_ends(3, {"making a seed", "", "no entropy"})),
             Equals("error: script 'seed' (after-configuration) failed with status 3\n"
                    "  | making a seed\n"
                    "  | no entropy\n"));
  CHECK_THAT(
      failure({.name = "seed", .when = ScriptMoment::before_configuration}, root_that_ends(137)),
      Equals("error: script 'seed' (before-configuration) was ended by signal 9\n"));
  std::vector<std::string> lines;
  for (int i = 1; i <= 50; ++i) lines.push_back("line " + std::to_string(i));
  const std::string text = failure({.name = "long"}, root_that_ends(1, lines));
  CHECK(text.find("| line 30\n") == std::string::npos);
  CHECK(text.find("| line 31\n") != std::string::npos);
  CHECK(text.find("| line 50\n") != std::string::npos);
}

TEST_CASE("a script whose interpreter is not in the image does not run") {
  CHECK_THAT(failure({.name = "x", .content = "#!/usr/bin/perl -w\n"}, root_that_ends(0)),
             Equals("error: script 'x' (after-configuration) needs '/usr/bin/perl', which is not "
                    "in the image\n"
                    "  hint: install the package that has it, or give the script another "
                    "'interpreter'\n"));
  CHECK_THAT(failure({.name = "x"}, MemoryRoot()),
             Equals("error: script 'x' (after-configuration) needs '/bin/sh', which is not in the "
                    "image\n"
                    "  hint: install the package that has it, or give the script another "
                    "'interpreter'\n"));
}

TEST_CASE("the plan says of each script when it runs, by what, and whether it has a network") {
  const Plan plan =
      plan_with({{.name = "keys",
                  .when = ScriptMoment::before_configuration,
                  .content = "true\n",
                  .environment = {{"A", "1"}, {"B", ""}}},
                 {.name = "fetch", .content = "#!/usr/bin/python3\n", .network = true}});
  CHECK(tree::describe_scripts(plan) ==
        std::vector<std::string>{
            "before-configuration: keys (/bin/sh, 5 bytes), network: no, A=1, B=",
            "after-configuration: fetch (/usr/bin/python3, 19 bytes), network: yes"});
}

TEST_CASE("scripts run before the first and after the last step") {
  MemoryRoot root = test::sample_root();
  const auto answer = root.on_run;
  bool hostname_was_there = false, hostname_is_there = false;
  root.file("/bin/sh", "", {0755, 0, 0});
  root.on_run = [&](MemoryRoot& self, const RootCommand& command) {
    if (command.program == "early") hostname_was_there = self.exists("/etc/hostname");
    if (command.program == "late") hostname_is_there = self.exists("/etc/hostname");
    return command.program.empty() ? answer(self, command) : RootCommandResult{};
  };
  Plan plan = test::full_plan();
  plan.scripts = {{.name = "early", .when = ScriptMoment::before_configuration, .content = "early"},
                  {.name = "late", .content = "late"}};
  SilentProgress progress;
  tree::configure(plan, root, progress);
  CHECK_FALSE(hostname_was_there);
  CHECK(hostname_is_there);
}
