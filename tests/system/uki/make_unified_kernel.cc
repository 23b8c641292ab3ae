#include <cstdio>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/tree/unified_kernel.h"

// make_unified_kernel STUB KERNEL INITRAMFS OS-RELEASE COMMAND-LINE VERSION SBAT OUT: for
// compare-with-ukify. SBAT is the text of lines, the others but COMMAND-LINE and VERSION are files.

using namespace composer;

int main(int count, char** arguments) {
  if (count != 9) return 2;
  try {
    const std::string stub = read_file(arguments[1]), kernel = read_file(arguments[2]);
    const std::string initramfs = read_file(arguments[3]), os_release = read_file(arguments[4]);
    write_file_atomically(arguments[8], tree::unified_kernel_image({.stub = stub,
                                                                    .kernel = kernel,
                                                                    .initramfs = initramfs,
                                                                    .command_line = arguments[5],
                                                                    .version = arguments[6],
                                                                    .os_release = os_release,
                                                                    .sbat = arguments[7]},
                                                                   Architecture::x86_64));
  } catch (const Error& error) {
    std::fputs(error.to_text().c_str(), stderr);
    return 1;
  }
  return 0;
}
