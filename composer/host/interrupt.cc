#include "composer/host/interrupt.h"

#include <csignal>
#include <cstdlib>

#include "composer/error.h"

namespace composer::host {
namespace {

// Written by the signal handler alone. The one piece of process-wide state that a signal forces.
volatile std::sig_atomic_t interrupt_count = 0;

void on_signal(int signal) {
  if (interrupt_count != 0) ::_Exit(128 + signal);
  interrupt_count = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  // No SA_RESTART: a blocking wait returns with EINTR and sees the request.
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() noexcept {
  return interrupt_count != 0;
}

void throw_if_interrupted() {
  if (interrupted()) throw Error(ErrorKind::build, "interrupted; nothing was left behind");
}

}  // namespace composer::host
