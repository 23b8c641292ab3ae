#include <clocale>
#include <exception>

#include "composer/base/file_descriptor.h"
#include "composer/base/heap.h"
#include "composer/base/trace.h"
#include "composer/cli.h"
#include "composer/console.h"
#include "composer/host/interrupt.h"
#include "composer/trace_json.h"

// The only file that turns an Error into text on the terminal and an exit code.

namespace {

void write_trace(const composer::CommandLine& line) {
  if (line.trace.empty()) return;
  composer::write_file_atomically(line.trace, composer::chrome_trace(composer::Trace::events()));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace composer;
  use_huge_pages();
  const CommandLine line = parse_command_line(argc, argv);
  Console console(stderr, line.json_log ? ConsoleStyle::json : style_for(stderr),
                  line.verbose ? Detail::verbose : Detail::normal);
  if (!line.trace.empty()) Trace::begin();
  try {
    host::catch_interrupts();
    const int exit_code = run_command(line, console);
    write_trace(line);
    return exit_code;
  } catch (const Error& error) {
    console.error(error);
    return static_cast<int>(error.kind());
  } catch (const std::exception& error) {
    // A library's exception that no stage translated: still one line, still a failure.
    console.error(Error(ErrorKind::build, error.what()));
    return static_cast<int>(ErrorKind::build);
  }
}
