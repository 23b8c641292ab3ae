#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "composer/boot/image_format.h"
#include "composer/boot/judge.h"
#include "composer/boot/junit.h"
#include "composer/error.h"

// Everything that a guest or an image can hand to `boot`: the second serial port, the console, the
// first and last sector. Invariants beside not crashing: what comes out is printable and bounded, a
// report needs the nonce, and the pieces in which bytes come do not matter.

namespace {

using namespace composer;
using namespace composer::vm;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_shown_well(const std::vector<std::string>& lines) {
  require(lines.size() < 4000);
  for (const std::string& line : lines) {
    require(line.size() < 1200);
    for (const char c : line) require(c >= ' ' && c <= '~');
  }
}

BootReport boot_of(std::string_view console, std::string_view port, std::size_t piece) {
  BootJudge judge(300);
  VerdictReader verdict("0123");
  ConsoleLines lines;
  for (std::size_t at = 0; at < console.size(); at += piece) {
    lines.feed(console.substr(at, piece),
               [&](std::string_view line) { judge.console_line(line, 5); });
  }
  for (std::size_t at = 0; at < port.size(); at += piece) verdict.feed(port.substr(at, piece));
  judge.port(verdict, 6);
  judge.decided(300);
  require(verdict.report() || !verdict.damaged() || port.find("0123") != std::string_view::npos);
  return conclude({{"multi-user.target", {"sshd.service"}}, 300}, judge.facts(), verdict);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view console = input.substr(0, size / 2), port = input.substr(size / 2);

  const BootReport whole = boot_of(console, port, std::max<std::size_t>(size, 1));
  const BootReport bytewise = boot_of(console, port, 1);
  require(whole.findings == bytewise.findings && whole.passed == bytewise.passed);
  require(!whole.passed || port.find("image-composer 0123 end") != std::string_view::npos);
  require(whole.passed == whole.findings.empty());
  require_shown_well(whole.findings);
  require_shown_well(whole.notes);
  require_shown_well({whole.kernel, whole.hostname, whole.system_state});
  junit_xml("image", {&whole, 1});

  try {
    recognise(input.substr(0, 512), size > 512 ? input.substr(size - 512) : input,
              Bytes{static_cast<std::uint64_t>(size)}, "image");
  } catch (const Error&) {
  }
  return 0;
}
