#include "composer/boot/judge.h"

#include <catch2/catch.hpp>

using namespace composer::vm;

namespace {

const VerdictReader& spoke() {
  static const VerdictReader verdict = [] {
    VerdictReader v("n");
    v.feed("image-composer n hello 20 system\n");
    return v;
  }();
  return verdict;
}

}  // namespace

TEST_CASE("a boot is decided when its time is over") {
  BootJudge judge(300);
  CHECK_FALSE(judge.decided(299.9));
  CHECK_FALSE(judge.facts().timed_out);
  CHECK(judge.decided(300));
  CHECK(judge.facts().timed_out);
}

TEST_CASE("a guest that is given up is decided, and its time was not over") {
  BootJudge judge(300);
  judge.give_up("provisioning failed");
  CHECK(judge.decided(40));
  CHECK(judge.facts().given_up == "provisioning failed");
  CHECK_FALSE(judge.facts().timed_out);
}

TEST_CASE("a whole report decides at once") {
  BootJudge judge(300);
  VerdictReader verdict("n");
  judge.port(verdict, 10);
  CHECK_FALSE(judge.decided(10));
  verdict.feed(
      "image-composer n begin 1\nimage-composer n state running\nimage-composer n end 2\n");
  judge.port(verdict, 11);
  CHECK(judge.decided(11));
}

TEST_CASE("an empty disk is decided within a second") {
  BootJudge judge(300);
  judge.console_line("No bootable device.", 2);
  CHECK_FALSE(judge.decided(2));
  CHECK(judge.decided(2.6));
  CHECK_FALSE(judge.facts().timed_out);
}

TEST_CASE("after a panic the lines that explain it are waited for") {
  BootJudge judge(300);
  judge.console_line("Kernel panic - not syncing: Attempted to kill init!", 10);
  CHECK_FALSE(judge.decided(12));
  CHECK(judge.decided(13));
}

TEST_CASE("in emergency mode a guest that spoke before may report first") {
  BootJudge judge(300);
  judge.port(spoke(), 30);
  judge.console_line("You are in emergency mode. After logging in", 40);
  CHECK_FALSE(judge.decided(90));
  CHECK(judge.decided(100));

  BootJudge silent(300);
  silent.console_line("You are in emergency mode. After logging in", 40);
  CHECK(silent.decided(43));
}

TEST_CASE("a login prompt of a guest that never spoke is waited out a minute") {
  BootJudge judge(300);
  judge.console_prompt("vm login: ", 50);
  CHECK_FALSE(judge.decided(109));
  CHECK(judge.decided(110));

  BootJudge speaking(300);
  speaking.port(spoke(), 40);
  speaking.console_prompt("vm login: ", 50);
  CHECK_FALSE(speaking.decided(200));
}

TEST_CASE("a guest that ends is decided") {
  BootJudge judge(300);
  judge.ended(12);
  CHECK(judge.decided(12));
  CHECK(judge.facts().ended_at == 12);
}

TEST_CASE("what looks like a boot loader's error under a running kernel counts for nothing") {
  BootJudge judge(300);
  judge.console_line("[    0.000000] Linux version 6.12", 5);
  judge.console_prompt("grub> ", 6);
  judge.console_line("error: you need to load the kernel first", 6);
  judge.console_line("No bootable device.", 6);
  CHECK_FALSE(judge.decided(200));
  CHECK(judge.facts().fatal.empty());
  CHECK(judge.facts().notices.empty());
  CHECK(judge.facts().kernel_at == 5);
}

TEST_CASE("findings of the console are bounded and not repeated") {
  BootJudge judge(300);
  for (int i = 0; i < 1000; ++i) {
    judge.console_line("BUG: unable to handle page fault " + std::to_string(i), 5);
    judge.console_line("BUG: the same", 5);
    judge.console_line("[FAILED] Failed to start " + std::to_string(i), 5);
  }
  CHECK(judge.facts().errors.size() == 10);
  CHECK(judge.facts().notices.size() == 5);
  CHECK(judge.facts().notices.back() == "console: '[FAILED] Failed to start 999'");
}
