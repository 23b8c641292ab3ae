#include "composer/boot/accelerator.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/base/one_line.h"
#include "composer/error.h"
#include "composer/host/child_process.h"
#include "composer/host/interrupt.h"
#include "composer/host/process.h"

namespace composer::vm {
namespace {

constexpr int kFirstWithRightCmpxchg16b = 8;

/// The major version in `QEMU emulator version 7.2.22 (Debian …)`; zero when there is none.
int major_version(std::string_view text) {
  constexpr std::string_view kBefore = "version ";
  const auto at = text.find(kBefore);
  int version = 0;
  if (at != std::string_view::npos) {
    text.remove_prefix(at + kBefore.size());
    std::from_chars(text.data(), text.data() + text.size(), version);
  }
  return version;
}

}  // namespace

Accelerator tcg_accelerator(std::string_view qemu_version, std::string why) {
  Accelerator tcg;
  tcg.why = std::move(why);
  if (major_version(qemu_version) < kFirstWithRightCmpxchg16b) tcg.cpu = "max,-cx16";
  return tcg;
}

std::string probe_sector() {
  // mov $0xf4,%dx; mov $0x10,%al; out %al,(%dx); cli; 1: hlt; jmp 1b
  constexpr std::array<unsigned char, 10> kCode = {0xba, 0xf4, 0x00, 0xb0, 0x10,
                                                   0xee, 0xfa, 0xf4, 0xeb, 0xfd};
  std::string sector(512, '\0');
  for (std::size_t i = 0; i < kCode.size(); ++i) sector[i] = static_cast<char>(kCode[i]);
  sector[510] = '\x55';
  sector[511] = static_cast<char>(0xaa);
  return sector;
}

std::vector<std::string> probe_arguments(const std::string& qemu, std::string_view accelerator) {
  // SeaBIOS takes the processor through real and protected mode, which is where broken
  // virtualisation shows.
  return {qemu,
          "-nodefaults",
          "-no-user-config",
          "-no-reboot",
          "-display",
          "none",
          "-machine",
          "pc,graphics=off",
          "-accel",
          std::string(accelerator),
          "-cpu",
          "max",
          "-m",
          "64M",
          "-nic",
          "none",
          "-device",
          "isa-debug-exit,iobase=0xf4,iosize=1",
          "-add-fd",
          "fd=3,set=1",
          "-drive",
          "if=none,id=disk,driver=raw,file.driver=file,file.filename=/dev/fdset/1,snapshot=on",
          "-device",
          "ide-hd,drive=disk,bootindex=0"};
}

std::optional<std::string> probe(const std::string& qemu, std::string_view accelerator,
                                 std::chrono::milliseconds patience, Progress& progress) {
  const FileDescriptor memory(::memfd_create("probe", MFD_CLOEXEC));
  if (!memory) throw system_error("cannot make a memory file", errno);
  write_all(memory.get(), probe_sector(), "the probe's boot sector");
  // Opened again for reading alone: QEMU takes a descriptor of a set only for the very access mode
  // that it was opened with, and fails otherwise, which would look like a KVM that does not work.
  const FileDescriptor sector = open_file(fmt::format("/proc/self/fd/{}", memory.get()), O_RDONLY);

  host::ChildProcess child({probe_arguments(qemu, accelerator), {sector.get()}}, progress);
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string output;
  while (!child.status()) {
    host::throw_if_interrupted();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      child.end(std::chrono::milliseconds(0));
      return fmt::format("a guest of one sector did not run within {} s",
                         static_cast<double>(patience.count()) / 1000);
    }
    pollfd wanted = {child.end_descriptor(), POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>(left.count() + 1, 250)));
    if (output.size() < 4096) output += child.read_output();
  }
  output += child.read_output();
  if (child.status() == kProbePassed) return std::nullopt;
  const std::string first = one_line(std::string_view(output).substr(0, output.find('\n')));
  return fmt::format("a guest of one sector ended with status {}{}", *child.status(),
                     first.empty() ? "" : fmt::format(" ({})", first));
}

Accelerator choose_accelerator(const std::string& qemu, std::chrono::milliseconds patience,
                               Progress& progress) {
  const std::optional<std::string> trouble = ::access("/dev/kvm", R_OK | W_OK) == 0
                                                 ? probe(qemu, "kvm", patience, progress)
                                             : errno == ENOENT ? "there is no /dev/kvm"
                                                               : "/dev/kvm may not be opened";
  if (!trouble) return {"kvm", "kvm", "max", {}};
  const auto version = host::CommandRunner(progress).check({{qemu, "--version"}, {}, {}});
  return tcg_accelerator(version.standard_output, "KVM does not work here: " + *trouble);
}

}  // namespace composer::vm
