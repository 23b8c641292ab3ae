#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

// The top level, and the mappings in it that are small: boot, outputs, tests.

namespace composer::blueprint {
namespace {

constexpr auto kRequired = Presence::required;
constexpr auto kWithoutBase = Presence::without_base;

/// `blueprint: 1` is checked, and nobody needs it later.
constexpr KeyOf<Blueprint> language_key(KeyFacts facts) {
  return {{facts, &kLanguageVersion, nullptr,
           [](Reader& reader, const Key& self, const Node& node, void*) {
             int version = 0;
             reader.read_scalar(self, kLanguageVersion, node, version);
           }}};
}

constexpr Stranger kTopStrangers[] = {
    {"architecture", "arch"}, {"storage", "disk"},   {"repos", "repositories"},
    {"os", "system"},         {"output", "outputs"},
};

constexpr Stranger kBootStrangers[] = {
    {"cmdline", "kernel_arguments"},
    {"kernel_command_line", "kernel_arguments"},
    {"kernel_args", "kernel_arguments"},
    {"bootloader", "loader"},
    {"menu_timeout", "timeout"},
    {"console", "serial_console"},
    {"secure_boot", "", "'secure_boot' is not part of blueprint language 1 yet",
     "packages that are signed for Secure Boot are installed as they are"},
};

constexpr Stranger kOutputStrangers[] = {
    {"type", "format"},
    {"name", "filename"},
    {"sectors", "sector_size"},
    {"logical_sector_size", "sector_size"},
    {"config", "container"},
    {"tag", "", "'tag' is a key of the section 'container'", "write 'container: {tag: …}'"},
};

constexpr Stranger kContainerStrangers[] = {
    {"command", "cmd"},
    {"workdir", "working_dir"},
    {"environment", "env"},
    {"ports", "exposed_ports"},
    {"expose", "exposed_ports"},
    {"name", "tag"},
    {"workingDir", "working_dir"},
};

constexpr Stranger kBootTestStrangers[] = {
    {"timeout", "within"},
    {"units", "services"},
};

}  // namespace

const Mapping& boot_mapping() {
  static constexpr Table table(
      {"the boot section", "boot", "How the image starts.", {}, kBootStrangers},
      {key<&BootRequest::firmware, kFirmware>({.name = "firmware",
                                               .presence = kWithoutBase,
                                               .meaning = "What starts the boot loader."}),
       key<&BootRequest::loader, kLoader>(
           {.name = "loader", .fallback = "grub", .meaning = "What starts the kernel."}),
       key<&BootRequest::kernel_arguments, kKernelArgument>(
           {.name = "kernel_arguments",
            .fallback = "none",
            .meaning = "Arguments of the kernel beside `root=`, in this order."}),
       key<&BootRequest::uki, kUkiSource>(
           {.name = "uki",
            .fallback = "built",
            .meaning = "Where unified kernel images come from; for `loader: uki` alone."}),
       key<&BootRequest::initramfs, kInitramfsMaker>(
           {.name = "initramfs",
            .fallback = "dracut",
            .meaning = "Who makes the initramfs; docs/initramfs.md compares them."}),
       key<&BootRequest::timeout_seconds, kMenuTimeout>(
           {.name = "timeout",
            .fallback = "1 s",
            .meaning = "How long the boot menu waits for a choice."}),
       key<&BootRequest::serial_console, kBoolean>(
           {.name = "serial_console",
            .fallback = "true",
            .meaning = "Whether the menu and the kernel talk to the serial port too: where "
                       "`kernel_arguments` name no console, `console=ttyS0` (aarch64: "
                       "`console=ttyAMA0`) comes before them."})});
  return table;
}

const Mapping& output_mapping() {
  static constexpr Table table(
      {"an output",
       "outputs[]",
       "One file or folder that is made of the disk, or of the root.",
       {},
       kOutputStrangers},
      {key<&OutputRequest::format, kOutputFormat>(
           {.name = "format", .presence = kRequired, .meaning = "The format of the file."}),
       key<&OutputRequest::compression, kCompression>(
           {.name = "compression",
            .fallback = "zstd for qcow2 and cpio, gzip for oci, else none",
            .meaning = "How it is compressed: a qcow2 by cluster, `zlib` or `zstd`; a raw disk, "
                       "`zstd`; a cpio and the layer of an OCI image, `gzip` or `zstd`. A wsl is "
                       "always `gzip`, a cosi `zstd`; the other formats have no compression."}),
       key<&OutputRequest::filename, kOutputName>(
           {.name = "filename",
            .fallback = "`NAME.raw`, `NAME.raw.zst`, `NAME.vhd`, `NAME.vhdx`, `NAME.qcow2`, "
                        "`NAME.cosi`, `NAME.root`, `NAME.tar`, `NAME.wsl`, `NAME.oci`, "
                        "`NAME.oci.tar`, `NAME.cpio`, `NAME.cpio.gz`, `NAME.cpio.zst`, "
                        "`NAME.vmlinuz`",
            .meaning = "Its name in the output folder."}),
       key<&OutputRequest::sector_size, kSectorSize>(
           {.name = "sector_size",
            .fallback = "512n",
            .meaning = "vhdx only: the sectors that the disk shows to its machine."}),
       optional_section<&OutputRequest::container, container_mapping>(
           {.name = "container",
            .fallback = "none of its keys",
            .meaning = "oci and oci-archive only: what a container of the image runs, and how."})});
  return table;
}

const Mapping& container_mapping() {
  static constexpr Table table(
      {"a container's configuration",
       "outputs[].container",
       "Properties of an OCI image's configuration, as OCI calls them.",
       {},
       kContainerStrangers},
      {key<&ContainerRequest::entrypoint, kContainerArgument>(
           {.name = "entrypoint",
            .fallback = "none",
            .meaning = "The program and its first arguments."}),
       key<&ContainerRequest::cmd, kContainerArgument>(
           {.name = "cmd",
            .fallback = "none",
            .meaning = "Arguments that come after `entrypoint`, or the program where there is "
                       "none; who starts the container can give others."}),
       key<&ContainerRequest::working_dir, kProgramPath>(
           {.name = "working_dir",
            .fallback = "/",
            .meaning = "The directory in which it starts."}),
       key<&ContainerRequest::user, kContainerUser>(
           {.name = "user", .fallback = "root", .meaning = "Whom it runs as."}),
       pairs<&ContainerRequest::env, kVariableName, kVariableValue>(
           {.name = "env",
            .fallback = "PATH",
            .meaning = "Variables of its environment, in this order. Without `PATH` among them "
                       "comes `PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` "
                       "first."}),
       pairs<&ContainerRequest::labels, kContainerLabel, kVariableValue>(
           {.name = "labels", .fallback = "none", .meaning = "What others may ask of it."}),
       key<&ContainerRequest::exposed_ports, kContainerPort>(
           {.name = "exposed_ports", .fallback = "none", .meaning = "Ports that it listens on."}),
       key<&ContainerRequest::stop_signal, kContainerSignal>(
           {.name = "stop_signal",
            .fallback = "the runtime's",
            .meaning = "The signal that asks it to end."}),
       key<&ContainerRequest::tag, kContainerTag>({.name = "tag",
                                                   .fallback = "`version`",
                                                   .meaning =
                                                       "The name of the image in the layout: "
                                                       "`org.opencontainers.image.ref.name`."})});
  return table;
}

const Mapping& boot_test_mapping() {
  static constexpr Table table(
      {"the boot test",
       "tests.boot",
       "What `image-composer boot` expects of the image.",
       {},
       kBootTestStrangers},
      {key<&BootTestRequest::target, kTargetName>({.name = "target",
                                                   .fallback = "multi-user.target",
                                                   .meaning = "The target that must be reached."}),
       key<&BootTestRequest::within_seconds, kDuration>(
           {.name = "within",
            .fallback = "300 s",
            .meaning = "How long that may take, on a machine that runs guests by KVM."}),
       key<&BootTestRequest::services, kUnitName>(
           {.name = "services",
            .fallback = "none",
            .meaning = "Units that must be active then. No unit may have failed in any case."})});
  return table;
}

const Mapping& tests_mapping() {
  static constexpr Table table(
      {"the tests section", "tests", "What the finished image must show."},
      {section<&Blueprint::boot_test, boot_test_mapping>(
           {.name = "boot", .meaning = "The image starts in QEMU."}),
       section<&Blueprint::test_scripts, test_script_mapping>(
           {.name = "scripts",
            .fallback = "none",
            .meaning = "What is run in a guest that provisioned itself."})});
  return table;
}

const Mapping& blueprint_mapping() {
  static constexpr Table table(
      {"the blueprint", "", "", {}, kTopStrangers},
      {language_key({.name = "blueprint",
                     .presence = kRequired,
                     .meaning = "Version of the blueprint language that the file is written in."}),
       key<&Blueprint::name, kImageName>({.name = "name",
                                          .presence = kRequired,
                                          .meaning = "Name of the image and of its files."}),
       key<&Blueprint::version, kImageVersion>(
           {.name = "version",
            .presence = kRequired,
            .meaning = "Version of the image, taken as it is written: `4.0` and `\"4.0\"` are the "
                       "same."}),
       key<&Blueprint::arch, kArchitecture>({.name = "arch",
                                             .presence = kRequired,
                                             .meaning = "The machine that the image is for."}),
       key<&Blueprint::releasever, kReleaseVersion>(
           {.name = "releasever",
            .fallback = "none",
            .meaning = "What `$releasever` stands for in the repositories' URLs."}),
       key<&Blueprint::identity_seed, kIdentitySeed>(
           {.name = "identity_seed",
            .fallback = "name, version and arch",
            .meaning = "What all GUIDs and UUIDs of the image are derived from. Two images that "
                       "are attached to one machine need different seeds."}),
       key<&Blueprint::source_date_epoch, kEpoch>(
           {.name = "source_date_epoch",
            .fallback = "`SOURCE_DATE_EPOCH` of the environment, else the newest package's build "
                        "time",
            .meaning = "The time that the image says it was made."}),
       section<&Blueprint::repositories, repository_mapping>(
           {.name = "repositories",
            .presence = kWithoutBase,
            .meaning = "Where packages come from; no other place is asked."}),
       section<&Blueprint::packages, packages_mapping>(
           {.name = "packages", .presence = kWithoutBase, .meaning = "What is installed."}),
       section<&Blueprint::disk, disk_mapping>(
           {.name = "disk",
            .fallback =
                "none; then every output is made of the root: `directory`, `tar`, `wsl`, `oci`, "
                "`oci-archive`, `cpio`, `kernel`",
            .meaning = "The disk and its partitions."}),
       optional_section<&Blueprint::base, base_mapping>(
           {.name = "base",
            .fallback = "none; the blueprint makes an image of packages alone",
            .meaning = "The blueprint changes an image that is there, which `image-composer "
                       "customize` is given: what becomes of its disk. `base: {}` leaves it as it "
                       "is."}),
       section<&Blueprint::boot, boot_mapping>({.name = "boot",
                                                .fallback = "required beside `disk`",
                                                .meaning = "How the image starts."}),
       section<&Blueprint::system, system_mapping>(
           {.name = "system",
            .fallback = "as the packages have it",
            .meaning = "What is set in the installed system."}),
       section<&Blueprint::scripts, script_mapping>(
           {.name = "scripts",
            .fallback = "none",
            .meaning = "Programs that are run in the image's root."}),
       section<&Blueprint::outputs, output_mapping>(
           {.name = "outputs", .presence = kRequired, .meaning = "The files that are made."}),
       section<&Blueprint::lint, lint_mapping>(
           {.name = "lint",
            .fallback = "the images are not judged",
            .meaning = "What the finished images are judged by, without starting them."}),
       inner_section<Blueprint, tests_mapping>({.name = "tests",
                                                .fallback = "the boot test's defaults",
                                                .meaning = "What the finished image must show."})});
  return table;
}

}  // namespace composer::blueprint
