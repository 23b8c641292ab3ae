#include "composer/boot/verdict.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace composer::vm;

namespace {

/// The lines with `image-composer NONCE ` before each.
std::string records(std::initializer_list<std::string_view> lines, std::string_view nonce = "n1") {
  std::string text;
  for (const std::string_view line : lines) {
    text += fmt::format("image-composer {} {}\r\n", nonce, line);
  }
  return text;
}

VerdictReader read(std::string_view text) {
  VerdictReader verdict("n1");
  verdict.feed(text);
  return verdict;
}

}  // namespace

TEST_CASE("a whole report is read") {
  const std::string text = records({"hello 6.53 initrd",
                                    "waiting initrd",
                                    "job dev-x.device",
                                    "hello 22.99 system",
                                    "waiting system",
                                    "job sshd.service",
                                    "job chronyd.service",
                                    "begin 1",
                                    "state degraded",
                                    "kernel 6.12.1",
                                    "hostname vm",
                                    "time InitRDTimestampMonotonic=5339927",
                                    "time UserspaceTimestampMonotonic=22991226",
                                    "time FinishTimestampMonotonic=52904710",
                                    "unit multi-user.target LoadState=loaded",
                                    "unit multi-user.target ActiveState=active",
                                    "unit multi-user.target SubState=active",
                                    "unit multi-user.target ActiveEnterTimestampMonotonic=52879568",
                                    "failed bad.service",
                                    "unit bad.service ActiveState=failed",
                                    "unit bad.service Result=exit-code",
                                    "log bad.service cannot do = it",
                                    "log bad.service second",
                                    "unmounted /data",
                                    "end 17"});
  // In one piece and byte by byte.
  for (const std::size_t piece : {text.size(), std::size_t{1}}) {
    VerdictReader verdict("n1");
    for (std::size_t at = 0; at < text.size(); at += piece) verdict.feed(text.substr(at, piece));
    REQUIRE(verdict.report());
    const GuestReport& report = *verdict.report();
    CHECK(verdict.initrd_hello() == 6.53);
    CHECK(verdict.system_hello() == 22.99);
    CHECK(verdict.waiting_for() == std::vector<std::string>{"sshd.service", "chronyd.service"});
    CHECK(report.system_state == "degraded");
    CHECK(report.kernel == "6.12.1");
    CHECK(report.hostname == "vm");
    CHECK(report.initrd_us == 5339927);
    CHECK(report.userspace_us == 22991226);
    CHECK(report.finish_us == 52904710);
    CHECK(report.units.at("multi-user.target").active_since_us == 52879568);
    CHECK(report.units.at("multi-user.target").active_state == "active");
    CHECK(report.failed == std::vector<std::string>{"bad.service"});
    CHECK(report.units.at("bad.service").result == "exit-code");
    CHECK(report.units.at("bad.service").log ==
          std::vector<std::string>{"cannot do = it", "second"});
    CHECK(report.unmounted == std::vector<std::string>{"/data"});
  }
}

TEST_CASE("a report without this run's nonce means nothing") {
  CHECK_FALSE(read(records({"begin 1", "state running", "end 2"}, "n2")).report());
  CHECK_FALSE(read(records({"begin 1", "state running", "end 2"}, "")).report());
  VerdictReader without("");
  without.feed(records({"begin 1", "state running", "end 2"}, ""));
  CHECK_FALSE(without.report());
}

TEST_CASE("a report that lost a record does not count, a later whole one does") {
  VerdictReader verdict = read(records({"begin 1", "state running", "end 3"}));
  CHECK_FALSE(verdict.report());
  CHECK(verdict.damaged());
  verdict.feed(records({"begin 1", "state running", "end 2"}));
  CHECK(verdict.report());
  CHECK_FALSE(verdict.damaged());
}

TEST_CASE("the first whole report stands") {
  const auto verdict =
      read(records({"begin 1", "state degraded", "end 2", "begin 1", "state running", "end 2"}));
  CHECK(verdict.report()->system_state == "degraded");
}

TEST_CASE("a report of another version is not read") {
  CHECK_FALSE(read(records({"begin 2", "state running", "end 2"})).report());
}

TEST_CASE("what the firmware left on the line before the first record is skipped") {
  const auto verdict = read("\x1b[2J\x1b[01;01HBdsDxe: x" + records({"hello 1.5 system"}));
  CHECK(verdict.system_hello() == 1.5);
}

TEST_CASE("texts of the guest are bounded and printable") {
  const auto verdict = read(records({"begin 1", "hostname \x1b]0;x\x07\xe2\x80\xae",
                                     "failed " + std::string(1500, 'a'), "end 3"}));
  REQUIRE(verdict.report());
  CHECK(verdict.report()->hostname == "?]0;x????");
  CHECK(verdict.report()->failed[0] == std::string(255, 'a') + "...");
}

TEST_CASE("a guest that talks without end is cut off") {
  VerdictReader verdict("n1");
  const std::string long_line(1 << 16, 'x');
  for (int i = 0; i < 64; ++i) verdict.feed(long_line);
  verdict.feed("\n");
  CHECK_FALSE(verdict.report());

  std::string text = records({"begin 1"});
  for (int i = 0; i < 5000; ++i) text += records({fmt::format("unit u{} ActiveState=active", i)});
  verdict.feed(text + records({"end 5001"}));
  CHECK_FALSE(verdict.report());
  CHECK(verdict.damaged());

  verdict.feed(records({"waiting system"}));
  for (int i = 0; i < 500; ++i) verdict.feed(records({fmt::format("job j{}", i)}));
  CHECK(verdict.waiting_for().size() == 20);
}

TEST_CASE("numbers that are none are nothing") {
  const auto verdict =
      read(records({"hello nan system", "hello inf system", "hello -1 system", "hello 1e300 system",
                    "begin 1", "time UserspaceTimestampMonotonic=-5",
                    "time FinishTimestampMonotonic=99999999999999999999999", "end x",
                    "end 18446744073709551616"}));
  CHECK_FALSE(verdict.system_hello());
  CHECK_FALSE(verdict.report());
}
