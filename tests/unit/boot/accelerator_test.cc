#include "composer/boot/accelerator.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using namespace composer::vm;

namespace {

/// A stand-in for QEMU that tells its version and does `probe` otherwise.
std::string fake_qemu(const test::ScratchFolder& folder, const std::string& probe) {
  const std::filesystem::path path = folder.path() / "qemu";
  write_file_atomically(path,
                        fmt::format("#!/bin/sh\n"
                                    "[ \"$1\" = --version ] && echo 'QEMU emulator version "
                                    "7.2.22 (Debian)' && exit 0\n{}\n",
                                    probe),
                        0755);
  return path.string();
}

bool has_kvm_device() {
  return ::access("/dev/kvm", R_OK | W_OK) == 0;
}

}  // namespace

TEST_CASE("old emulators get a processor without the instruction that they get wrong") {
  CHECK(tcg_accelerator("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\n", "w").cpu ==
        "max,-cx16");
  CHECK(tcg_accelerator("QEMU emulator version 8.0.0\n", "w").cpu == "max");
  CHECK(tcg_accelerator("QEMU emulator version 10.1.2 (qemu-10.1.2)\n", "w").cpu == "max");
  // Not understood: the careful choice.
  CHECK(tcg_accelerator("something else", "w").cpu == "max,-cx16");
  CHECK(tcg_accelerator("", "the reason").why == "the reason");
}

TEST_CASE("the probe is a boot sector that ends the machine") {
  const std::string sector = probe_sector();
  REQUIRE(sector.size() == 512);
  CHECK(static_cast<unsigned char>(sector[510]) == 0x55);
  CHECK(static_cast<unsigned char>(sector[511]) == 0xaa);
}

TEST_CASE("KVM is used only when its guest ran to the end") {
  const test::ScratchFolder folder;
  SilentProgress progress;
  const auto chosen = [&](const std::string& probe) {
    return choose_accelerator(fake_qemu(folder, probe), std::chrono::milliseconds(300), progress);
  };
  if (!has_kvm_device()) {
    const Accelerator none = chosen("exit 33");
    CHECK(none.name == "tcg");
    return;
  }
  SECTION("it ran") {
    const Accelerator kvm = chosen("exit 33");
    CHECK(kvm.name == "kvm");
    CHECK(kvm.argument == "kvm");
    CHECK(kvm.cpu == "max");
    CHECK(kvm.why.empty());
  }
  SECTION("it aborts") {
    const Accelerator tcg = chosen("echo 'failed to set MSR' >&2; kill -ABRT $$");
    CHECK(tcg.name == "tcg");
    CHECK(tcg.cpu == "max,-cx16");
    CHECK(
        tcg.why ==
        "KVM does not work here: a guest of one sector ended with status 134 (failed to set MSR)");
  }
  SECTION("it hangs, even when asked to end") {
    const auto before = std::chrono::steady_clock::now();
    const Accelerator tcg = chosen("trap '' TERM; while :; do sleep 1; done");
    CHECK(tcg.why == "KVM does not work here: a guest of one sector did not run within 0.3 s");
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
  }
  SECTION("it ends as if all were well, without having run") {
    CHECK(chosen("exit 0").why ==
          "KVM does not work here: a guest of one sector ended with status 0");
  }
}

TEST_CASE("the probe's guest comes as a descriptor and is one sector") {
  if (!has_kvm_device()) return;
  const test::ScratchFolder folder;
  SilentProgress progress;
  const auto chosen =
      choose_accelerator(fake_qemu(folder, "[ $(wc -c < /proc/self/fd/3) = 512 ] && exit 33"),
                         std::chrono::seconds(5), progress);
  CHECK(chosen.name == "kvm");
}
