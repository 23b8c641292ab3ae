#include <clocale>
#include <exception>

#include "composer/cli.h"
#include "composer/console.h"
#include "composer/host/interrupt.h"

// The only file that turns an Error into text on the terminal and an exit code.

int main(int argc, char** argv) {
  using namespace composer;
  const CommandLine line = parse_command_line(argc, argv);
  Console console(stderr, line.json_log ? ConsoleStyle::json : style_for(stderr),
                  line.verbose ? Detail::verbose : Detail::normal);
  try {
    host::catch_interrupts();
    return run_command(line, console);
  } catch (const Error& error) {
    console.error(error);
    return static_cast<int>(error.kind());
  } catch (const std::exception& error) {
    // A library's exception that no stage translated: still one line, still a failure.
    console.error(Error(ErrorKind::build, error.what()));
    return static_cast<int>(ErrorKind::build);
  }
}
