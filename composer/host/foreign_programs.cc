#include "composer/host/foreign_programs.h"

#include <fmt/format.h>
#include <fstream>
#include <string>
#include <sys/utsname.h>

#include "composer/error.h"

namespace composer::host {
namespace {

/// The machine field of an ELF header, two bytes in hexadecimal. Source: elf(5), elf.h.
std::string_view elf_machine(std::string_view wanted) {
  if (wanted == "aarch64") return "b700";
  if (wanted == "x86_64") return "3e00";
  return "none";
}

/// One interpreter: `enabled`, `flags: POCF`, `magic 7f454c46…`, a line each.
bool interprets(const std::filesystem::path& path, std::string_view wanted) {
  constexpr std::string_view kElf = "7f454c46";
  constexpr std::size_t kMachine = 2 * 18;  ///< Offset in hexadecimal digits.
  std::ifstream file(path);
  bool enabled = false, kept_open = false, machine = false;
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = line;
    if (text == "enabled") enabled = true;
    if (text.starts_with("flags: ")) kept_open = text.substr(7).find('F') != std::string_view::npos;
    if (text.starts_with("magic ")) {
      const std::string_view magic = text.substr(6);
      machine = magic.starts_with(kElf) && magic.size() >= kMachine + 4 &&
                magic.substr(kMachine, 4) == elf_machine(wanted);
    }
  }
  return enabled && kept_open && machine;
}

}  // namespace

bool runs_programs_for(std::string_view wanted, std::string_view machine,
                       const std::filesystem::path& interpreters) {
  if (machine == wanted) return true;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(interpreters, error)) {
    if (entry.path().filename() == "register" || entry.path().filename() == "status") continue;
    if (interprets(entry.path(), wanted)) return true;
  }
  return false;
}

void require_programs_for(std::string_view wanted) {
  utsname name{};
  ::uname(&name);
  const std::string_view machine = std::data(name.machine);
  if (runs_programs_for(wanted, machine, kInterpreters)) return;
  throw Error(
      ErrorKind::host,
      fmt::format("an image for {} cannot be built on this {} machine, which does not run "
                  "the programs in it",
                  wanted, machine),
      fmt::format("'validate' and 'plan' work here; to build, use a machine of {}, or install "
                  "qemu-user-static with its binfmt_misc entries",
                  wanted));
}

}  // namespace composer::host
