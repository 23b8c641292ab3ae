#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <sys/random.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/boot/accelerator.h"
#include "composer/boot/azure_checks.h"
#include "composer/boot/azure_stage.h"
#include "composer/boot/firmware.h"
#include "composer/boot/image_format.h"
#include "composer/boot/judge.h"
#include "composer/boot/machine.h"
#include "composer/boot/running_guest.h"
#include "composer/boot/verdict.h"
#include "composer/boot/watch.h"
#include "composer/compose.h"
#include "composer/host/process.h"

// Starting an image and judging its start: image -> machine -> guest -> facts -> report.

namespace composer {
namespace {

constexpr std::chrono::milliseconds kProbePatience{3000};

/// What this run's report is recognised by. Random, since what the guest could know beforehand it
/// could print; nothing of it reaches an output.
std::string make_nonce() {
  std::string bytes(16, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw system_error("cannot get random bytes", errno);
  }
  return to_hex(bytes);
}

vm::Machine plan_machine(const BootRequestOptions& options, const FileDescriptor& image,
                         const vm::GuestQuestions& questions, const std::string& nonce) {
  vm::Machine machine;
  machine.qemu = options.qemu;
  machine.image = vm::recognise_file(image.get(), options.image);
  if (options.firmware == Firmware::uefi) {
    machine.generation = vm::Generation::gen2;
    machine.uefi = vm::find_uefi_firmware(
        [](const std::filesystem::path& path) { return ::access(path.c_str(), R_OK) == 0; });
  } else {
    machine.generation = vm::Generation::gen1;
  }
  machine.memory_mib = options.memory_mib;
  machine.cpus = options.cpus;
  for (const vm::Credential& credential : vm::guest_credentials(questions, nonce)) {
    machine.oem_strings.push_back(vm::smbios_string(credential));
  }
  machine.extra = options.qemu_arguments;
  return machine;
}

BootReport boot_once(const BootRequestOptions& options, Progress& progress) {
  if (options.firmware == Firmware::both) {
    throw Error(ErrorKind::usage, "an image is booted under one firmware at a time",
                "choose uefi or bios");
  }
  vm::BootQuestions questions = {{options.expectations.target, options.expectations.services, {}},
                                 static_cast<double>(options.expectations.within_seconds)};
  if (options.azure) questions.guest.observed = vm::agent_units();
  if (host::find_program(options.qemu).empty()) {
    throw Error(ErrorKind::host,
                fmt::format("cannot find '{}', needed to boot the image", options.qemu),
                "apt install qemu-system-x86");
  }
  if (options.azure) vm::AzureStage::require(*options.azure);

  // Beyond this point only this descriptor stands for the image, and it cannot be written through.
  const FileDescriptor image = open_file(options.image, O_RDONLY);
  const std::string nonce = make_nonce();
  vm::Machine machine = plan_machine(options, image, questions.guest, nonce);

  progress.begin(Stage::boot, {});
  machine.accelerator = vm::choose_accelerator(options.qemu, kProbePatience, progress);
  progress.note(machine.accelerator.why.empty()
                    ? fmt::format("booting under {}", machine.accelerator.name)
                    : fmt::format("booting under {}, which is slow: {}", machine.accelerator.name,
                                  machine.accelerator.why));
  // Azure is there before the guest is, and longer.
  std::optional<vm::AzureStage> azure;
  if (options.azure) azure.emplace(*options.azure, machine, nonce, progress);
  const vm::Watch::Clock::time_point power_on = vm::Watch::Clock::now();
  if (azure) azure->power_on(power_on);
  vm::RunningGuest guest(machine, image.get(), azure ? azure->overlay() : -1, options.serial_log,
                         progress);
  vm::Watch watch(guest, questions, nonce, options.qemu, power_on, progress);
  watch.until_decided([&](double now) { return azure ? azure->lost_cause(now) : std::nullopt; });
  const double wall_seconds = watch.now();
  if (azure) azure->examine(watch);

  BootReport report = vm::conclude(questions, watch.facts(), watch.verdict());
  if (azure) azure->conclude(watch.verdict().report(), report);
  if (watch.verdict().report() && !watch.power_off()) {
    report.notes.push_back(fmt::format("the guest did not power off within {:g} s and was ended",
                                       vm::kPowerOffSeconds));
  }
  guest.end();
  report.accelerator = machine.accelerator.name;
  report.firmware = options.firmware == Firmware::uefi ? "uefi" : "bios";
  report.wall_seconds = wall_seconds;
  report.serial_log = options.serial_log;
  progress.end(Stage::boot, {});
  return report;
}

}  // namespace

BootReport boot(const BootRequestOptions& options, Progress& progress) {
  BootReport report = boot_once(options, progress);
  if (!vm::is_fault_of_emulation(report)) return report;
  const std::string why =
      "QEMU's emulation ran into an 'int3' that the guest's kernel had taken out of its code again";
  progress.note(why + "; starting once more");
  report = boot_once(options, progress);
  report.notes.push_back("the second start: in the first one " + why);
  return report;
}

}  // namespace composer
