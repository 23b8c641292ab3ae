#include "composer/boot/junit.h"

#include <catch2/catch.hpp>
#include <vector>

#include "composer/host/process.h"

using namespace composer;

namespace {

std::vector<BootReport> sample() {
  BootReport report;
  report.accelerator = "tcg";
  report.firmware = "uefi";
  report.firmware_seconds = 1.5;
  report.kernel_seconds = 2.25;
  report.userspace_seconds = 3;
  report.wall_seconds = 7;
  report.kernel = "6.12";
  report.system_state = "degraded";
  report.serial_log = "out/a.log";
  report.checks = {{"starts and reports", BootCheck::Outcome::passed, {}},
                   {"has no failed unit",
                    BootCheck::Outcome::failed,
                    {"'a<b>.service' is \"failed\" & gone", "  | \x01last words"}},
                   {"has x active", BootCheck::Outcome::skipped, {}}};
  report.notes = {"<note>"};
  return {report};
}

}  // namespace

TEST_CASE("a boot as JUnit XML") {
  CHECK(junit_xml("a&b.vhd", sample()) == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="image-composer boot" tests="3" failures="1" errors="0" time="7.000">
  <testsuite name="a&amp;b.vhd.uefi" tests="3" failures="1" errors="0" skipped="1" time="7.000">
    <properties>
      <property name="accelerator" value="tcg"/>
      <property name="firmware_seconds" value="1.500"/>
      <property name="kernel_seconds" value="2.250"/>
      <property name="userspace_seconds" value="3.000"/>
      <property name="kernel" value="6.12"/>
      <property name="system_state" value="degraded"/>
      <property name="serial_log" value="out/a.log"/>
    </properties>
    <testcase classname="a&amp;b.vhd.uefi" name="starts and reports" time="7.000"/>
    <testcase classname="a&amp;b.vhd.uefi" name="has no failed unit" time="0.000">
      <failure message="'a&lt;b&gt;.service' is &quot;failed&quot; &amp; gone">'a&lt;b&gt;.service' is &quot;failed&quot; &amp; gone
  | ?last words
</failure>
    </testcase>
    <testcase classname="a&amp;b.vhd.uefi" name="has x active" time="0.000">
      <skipped/>
    </testcase>
    <system-out>&lt;note&gt;
</system-out>
  </testsuite>
</testsuites>
)");
}

TEST_CASE("an XML parser reads the JUnit file", "[xmllint]") {
  if (host::find_program("xmllint").empty()) {
    WARN("xmllint is not here; the exact text is checked by the test above");
    return;
  }
  SilentProgress progress;
  const auto result = host::CommandRunner(progress).run(
      {{"xmllint", "--xpath", "string(/testsuites/testsuite/testcase[2]/failure/@message)", "-"},
       junit_xml("a&b.vhd", sample()),
       {}});
  CHECK(result.status == 0);
  CHECK(result.standard_output == "'a<b>.service' is \"failed\" & gone\n");
}
