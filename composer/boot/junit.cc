#include "composer/boot/junit.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/xml_text.h"

namespace composer {
namespace {

using Outcome = BootCheck::Outcome;

std::size_t count(const BootReport& report, Outcome outcome) {
  return static_cast<std::size_t>(
      std::count_if(report.checks.begin(), report.checks.end(),
                    [&](const BootCheck& check) { return check.outcome == outcome; }));
}

std::string test_case(std::string_view suite, const BootCheck& check, double seconds) {
  const std::string open = fmt::format(R"(    <testcase classname="{}" name="{}" time="{:.3f}")",
                                       suite, xml_text(check.name), seconds);
  if (check.outcome == Outcome::passed) return open + "/>\n";
  if (check.outcome == Outcome::skipped) return open + ">\n      <skipped/>\n    </testcase>\n";
  std::string text;
  for (const std::string& line : check.findings) text += line + "\n";
  return fmt::format("{}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", open,
                     xml_text(check.findings.empty() ? "failed" : check.findings.front()),
                     xml_text(text));
}

std::string suite(std::string_view image, const BootReport& report) {
  const std::string name = xml_text(fmt::format("{}.{}", image, report.firmware));
  std::string out = fmt::format(
      R"(  <testsuite name="{}" tests="{}" failures="{}" errors="0" skipped="{}" time="{:.3f}">)"
      "\n",
      name, report.checks.size(), count(report, Outcome::failed), count(report, Outcome::skipped),
      report.wall_seconds);
  out += "    <properties>\n";
  const auto property = [&](std::string_view key, std::string_view value) {
    out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", key, xml_text(value));
  };
  property("accelerator", report.accelerator);
  property("firmware_seconds", fmt::format("{:.3f}", report.firmware_seconds));
  property("kernel_seconds", fmt::format("{:.3f}", report.kernel_seconds));
  property("userspace_seconds", fmt::format("{:.3f}", report.userspace_seconds));
  property("kernel", report.kernel);
  property("system_state", report.system_state);
  property("serial_log", report.serial_log.string());
  out += "    </properties>\n";
  bool first = true;
  for (const BootCheck& check : report.checks) {
    // All checks come out of one start; its time counts once.
    out += test_case(name, check, first ? report.wall_seconds : 0);
    first = false;
  }
  if (!report.notes.empty()) {
    out += "    <system-out>";
    for (const std::string& note : report.notes) out += xml_text(note) + "\n";
    out += "</system-out>\n";
  }
  return out + "  </testsuite>\n";
}

}  // namespace

std::string junit_xml(std::string_view image, std::span<const BootReport> reports) {
  std::string suites;
  std::size_t tests = 0, failures = 0;
  double seconds = 0;
  for (const BootReport& report : reports) {
    suites += suite(image, report);
    tests += report.checks.size();
    failures += count(report, Outcome::failed);
    seconds += report.wall_seconds;
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"image-composer boot\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
      "time=\"{:.3f}\">\n{}</testsuites>\n",
      tests, failures, seconds, suites);
}

}  // namespace composer
