#include "composer/guest/machine_run.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <guestfs.h>
#include <memory>
#include <thread>

#include "composer/boot/accelerator.h"
#include "composer/error.h"
#include "composer/guest/library.h"

namespace composer::guest {
namespace {

constexpr std::chrono::seconds kProbePatience{10};
constexpr unsigned kMostProcessors = 8;
constexpr std::size_t kMostLines = 40;

struct Machine {
  Library library{"change an image without root"};

#define COMPOSER_GUESTFS(name) \
  decltype(::guestfs_##name)* name = library.find<decltype(::guestfs_##name)>("guestfs_" #name)
  COMPOSER_GUESTFS(create_flags);
  COMPOSER_GUESTFS(close);
  COMPOSER_GUESTFS(last_error);
  COMPOSER_GUESTFS(set_error_handler);
  COMPOSER_GUESTFS(set_backend);
  COMPOSER_GUESTFS(set_backend_setting);
  COMPOSER_GUESTFS(set_memsize);
  COMPOSER_GUESTFS(set_smp);
  COMPOSER_GUESTFS(add_drive_opts_argv);
  COMPOSER_GUESTFS(launch);
  COMPOSER_GUESTFS(modprobe);
  COMPOSER_GUESTFS(mount);
  COMPOSER_GUESTFS(command);
  COMPOSER_GUESTFS(umount_all);
  COMPOSER_GUESTFS(shutdown);
#undef COMPOSER_GUESTFS

  /// After the functions, since members begin in this order and it takes one of them.
  guestfs_h* g = create_flags(0);

  Machine() {
    if (!g) refuse_host("cannot start libguestfs: out of memory");
    set_error_handler(g, nullptr, nullptr);  // It would print to standard error by itself.
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    close(g);
  }

  void check(int result, std::string_view what) const {
    if (result == 0) return;
    throw Error(ErrorKind::build,
                fmt::format("cannot {} in libguestfs's machine: {}", what, last_error(g)));
  }

  /// @param label  The disk is /dev/disk/guestfs/LABEL: the kernel names them as it finds them.
  void add(const std::filesystem::path& disk, const char* label) const {
    struct guestfs_add_drive_opts_argv options {};
    // What the filesystems no longer use becomes a hole again.
    options.bitmask = GUESTFS_ADD_DRIVE_OPTS_FORMAT_BITMASK | GUESTFS_ADD_DRIVE_OPTS_LABEL_BITMASK |
                      GUESTFS_ADD_DRIVE_OPTS_DISCARD_BITMASK |
                      GUESTFS_ADD_DRIVE_OPTS_CACHEMODE_BITMASK;
    options.format = "raw";
    options.label = label;
    options.discard = "besteffort";
    options.cachemode = "unsafe";  // A copy, which is thrown away after a crash.
    check(add_drive_opts_argv(g, std::filesystem::absolute(disk).c_str(), &options), "add a disk");
  }
};

/// What the command said, as notes.
Problem problem_of(std::string_view text) {
  Problem problem{"the changes failed in libguestfs's machine", {}, {}, {}};
  for (std::size_t at = 0; at < text.size() && problem.notes.size() < kMostLines;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) problem.notes.push_back("| " + std::string(text.substr(at, end - at)));
    at = end + 1;
  }
  return problem;
}

}  // namespace

std::string run_in_machine(const MachineRun& run, Progress& progress) {
  const Machine m;
  const vm::Accelerator accelerator =
      vm::choose_accelerator("qemu-system-x86_64", kProbePatience, progress);
  m.set_backend(m.g, "direct");
  // Left alone it takes /dev/kvm for KVM that works, and ends where it does not.
  if (accelerator.name != "kvm") m.set_backend_setting(m.g, "force_tcg", "1");
  m.set_memsize(m.g, run.memory_mib);
  m.set_smp(m.g,
            static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMostProcessors)));
  m.add(run.disk, "disk");
  m.add(run.root, "root");
  progress.note("starting libguestfs's machine");
  if (m.launch(m.g) != 0) {
    refuse_host(fmt::format("cannot start libguestfs's machine: {}", m.last_error(m.g)));
  }
  (void)m.modprobe(m.g, "loop");  // It may be a part of the kernel; without it the command says so.
  m.check(m.mount(m.g, "/dev/disk/guestfs/root", "/"), "mount what was handed in");
  std::vector<char*> words;
  for (const std::string& word : run.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  progress.command(run.command);
  struct FreeText {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, FreeText> output(m.command(m.g, words.data()));
  if (!output) {
    throw Error(ErrorKind::build, problem_of(m.last_error(m.g)));
  }
  m.check(m.umount_all(m.g), "unmount all");
  m.check(m.shutdown(m.g), "write the disks");
  return output.get();
}

}  // namespace composer::guest
