#include "composer/cli.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fmt/format.h>

#include "composer/cli_blueprint.h"
#include "composer/cli_images.h"
#include "composer/cli_words.h"
#include "composer/version.h"

namespace composer {
namespace {

constexpr const char* kDescription =
    "Composes bootable disk images for Azure and Hyper-V from a declarative blueprint.\n"
    "\n"
    "Start like this:\n"
    "  image-composer validate vm.yaml            what is wrong with the blueprint, if anything\n"
    "  image-composer plan vm.yaml                what would be built, package by package\n"
    "  sudo image-composer build vm.yaml -o out   the images that the blueprint asks for\n"
    "  image-composer lock vm.yaml                pin the packages for `build --locked`\n"
    "  image-composer lint out/vm.vhd             what Azure would not like about it\n"
    "  image-composer inspect out/vm.vhd          what is in it\n"
    "  image-composer diff old.vhd out/vm.vhd     what is not the same in two images\n"
    "  image-composer convert out/vm.vhd vm.qcow2 the same disk in another format\n"
    "  image-composer customize vm.vhd my.yaml -o out   an image that is there, changed\n"
    "  image-composer boot out/vm.vhd             start it in QEMU and say whether it came up\n";

constexpr const char* kFooter =
    "\n"
    "Exit codes: 0 done; 1 the build, the boot or a lint rule failed; 2 the blueprint or the "
    "command line is\n"
    "wrong; 3 this machine lacks something.\n"
    "\n"
    "Downloads and metadata are kept in $IMAGE_COMPOSER_CACHE, else in\n"
    "$XDG_CACHE_HOME/image-composer or ~/.cache/image-composer; deleting it is safe.";

/// RFC 1123, at most Linux' 64 bytes, without dots: Azure's computer name.
bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' && text.back() != '-' &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
             std::string_view::npos;
}

/// What useradd takes.
bool is_user_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() >= 'a' && text.front() <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string_view::npos;
}

void add_azure(CLI::App& command, BootCommand& request) {
  AzureBootOptions& azure = request.azure_options;
  const char* kGroup = "Azure";
  CLI::Option* on =
      command.add_flag("--azure", request.azure, "Emulate Azure around the guest")->group(kGroup);
  command
      .add_option("--agent", azure.agent,
                  "Who provisions: cloud-init, or waagent, which needs root [cloud-init]")
      ->transform(one_of<AzureAgent>(
          {{"cloud-init", AzureAgent::cloud_init}, {"waagent", AzureAgent::waagent}}))
      ->type_name("AGENT")
      ->group(kGroup)
      ->needs(on);
  command
      .add_option("--run", request.scripts,
                  "Shell script that is run in the provisioned guest as its user, and must end\n"
                  "with status 0; may be given again. plan.lock's `tests.scripts` come first")
      ->check(CLI::ExistingFile)
      ->type_name("SCRIPT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup)
      ->needs(on);
  // As Azure has them: what the guest must take them for is known to be valid.
  const CLI::Validator host_name(
      [](std::string& text) {
        return is_host_name(text) ? std::string() : "'" + text + "' is not a host name";
      },
      "");
  const CLI::Validator user_name(
      [](std::string& text) {
        return is_user_name(text) ? std::string() : "'" + text + "' is not a user name";
      },
      "");
  command.add_option("--host-name", azure.host_name, "What the guest is to be called")
      ->check(host_name)
      ->capture_default_str()
      ->type_name("NAME")
      ->group(kGroup)
      ->needs(on);
  command.add_option("--user", azure.user_name, "The user that the guest is to make")
      ->check(user_name)
      ->capture_default_str()
      ->type_name("NAME")
      ->group(kGroup)
      ->needs(on);
  command
      .add_option("--custom-data", azure.custom_data,
                  "File that is given to the guest as custom data [an empty cloud-config]")
      ->check(CLI::ExistingFile)
      ->type_name("FILE")
      ->group(kGroup)
      ->needs(on);
  command
      .add_option(
          "--azure-requests", azure.request_log,
          "Where is kept what the guest asked [IMAGE.azure-requests.jsonl, beside --serial-log]")
      ->type_name("FILE")
      ->group(kGroup)
      ->needs(on);
  command
      .add_option("--azure-fault", azure.faults,
                  "Leave a part of Azure out, to see it noticed: no-media, no-imds,\n"
                  "no-wire-server, wrong-key")
      ->transform(one_of<AzureFault>({{"no-media", AzureFault::no_media},
                                      {"no-imds", AzureFault::no_imds},
                                      {"no-wire-server", AzureFault::no_wire_server},
                                      {"wrong-key", AzureFault::wrong_key}}))
      ->type_name("PART")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup)
      ->needs(on);
}

void add_boot(CLI::App& app, BootCommand& request) {
  CLI::App* command = app.add_subcommand("boot", "Start an image in QEMU and judge its start");
  command->description(
      "Starts the image on hardware like Azure's (UEFI and SCSI for generation 2, BIOS and IDE "
      "for\n"
      "generation 1), never writing to it, and waits for the guest to say how its start went. "
      "What\n"
      "is expected comes from plan.lock beside the image, or from the options. Needs no root.\n"
      "\n"
      "  image-composer boot out/azure-gen2.vhd\n"
      "  image-composer boot out/azure-gen1.vhd --firmware bios --timeout 300 --junit boot.xml\n"
      "  image-composer boot vm.qcow2 --expect-service sshd --expect-service chronyd\n"
      "\n"
      "With --azure the guest finds what Azure gives a VM (provisioning media, IMDS, wire "
      "server),\n"
      "emulated here; the image's own agent provisions, and the tool logs in over ssh to see.\n"
      "\n"
      "  image-composer boot --azure out/azure-gen2.vhd --timeout 600\n"
      "  image-composer boot --azure out/azure-gen2.vhd --run checks.sh --custom-data cloud.yaml\n"
      "  sudo image-composer boot --azure --agent waagent out/azure-agent.vhd\n");
  command->add_option("IMAGE", request.image, "Image: raw, VHD, VHDX or qcow2")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option("--firmware", request.firmware,
                   "uefi, bios, or both one after the other [plan.lock's, else uefi]")
      ->transform(one_of<Firmware>(
          {{"uefi", Firmware::uefi}, {"bios", Firmware::bios}, {"both", Firmware::both}}))
      ->type_name("FIRMWARE");
  command
      ->add_option("--timeout", request.timeout_seconds,
                   "Seconds from power on until the target is reached [plan.lock's, else 300]")
      ->check(CLI::Range(1, 86400))
      ->type_name("SECONDS");
  command->add_option("--target", request.target, "Unit to be reached [multi-user.target]")
      ->type_name("UNIT");
  command
      ->add_option("--expect-service", request.services,
                   "Unit that must be active; may be given again")
      ->type_name("UNIT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--junit", request.junit, "Write a JUnit XML report here")->type_name("FILE");
  command
      ->add_option("--serial-log", request.serial_log,
                   "Where the serial console is kept [IMAGE.serial.log]")
      ->type_name("FILE");
  command->add_option("--memory", request.memory_mib, "Guest memory in MiB")
      ->capture_default_str()
      ->check(CLI::Range(256, 1 << 20))
      ->type_name("MIB");
  command->add_option("--cpus", request.cpus, "Guest processors")
      ->capture_default_str()
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  add_azure(*command, request);
}

void add_relay(CLI::App& app, RelayCommand& request) {
  CLI::App* command = app.add_subcommand("relay", "Carry a guest's connection to a Unix socket");
  command->group("");  // QEMU starts it, not a person.
  command->add_option("SOCKET", request.socket)->required();
}

std::string printed(const CLI::App& app, const CLI::ParseError& error, int& exit_code) {
  std::ostringstream out, err;
  const int code = app.exit(error, out, err);
  exit_code = code == 0 ? 0 : static_cast<int>(ErrorKind::usage);
  return out.str() + err.str();
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  ValidateRequest validate;
  PlanRequest plan;
  CacheCommand cache;
  LockCommand lock;
  BuildCommand build;
  CustomizeCommand customize;
  ChangeDiskCommand change_disk;
  BootCommand boot;
  RelayCommand relay;
  LintCommand lint;
  InspectCommand inspect;
  DiffCommand diff;
  ConvertRequest convert;

  CLI::App app(kDescription, "image-composer");
  app.footer(kFooter);
  app.set_version_flag("--version", fmt::format("image-composer {}", kVersion));
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message([](const CLI::App* at, const CLI::Error& error) {
    return fmt::format("error: {}\n  hint: see '{} --help'\n", error.what(),
                       at->get_subcommands().empty()
                           ? std::string("image-composer")
                           : "image-composer " + at->get_subcommands().front()->get_name());
  });
  app.add_flag("-v,--verbose", line.verbose, "Show every external command and its output");
  app.add_flag("--json-log", line.json_log, "Progress and errors as JSON lines on standard error");
  app.add_option("--trace", line.trace,
                 "Write where the time went, for ui.perfetto.dev or chrome://tracing")
      ->type_name("FILE");
  app.add_option("--cache", line.cache, "Folder for downloads and metadata")->type_name("DIR");
  add_validate(app, validate);
  add_schema(app);
  add_plan(app, plan);
  add_lock(app, lock);
  add_build(app, build);
  add_customize(app, customize);
  add_change_disk(app, change_disk);
  add_boot(app, boot);
  add_relay(app, relay);
  add_lint(app, lint);
  add_inspect(app, inspect);
  add_diff(app, diff);
  add_convert(app, convert);
  add_cache(app, cache);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    Answer answer;
    answer.text = printed(app, error, answer.exit_code);
    line.command = std::move(answer);
    return line;
  }
  if (app.got_subcommand("validate")) line.command = std::move(validate);
  if (app.got_subcommand("schema")) line.command = SchemaRequest{};
  if (app.got_subcommand("plan")) line.command = std::move(plan);
  if (app.got_subcommand("lock")) line.command = std::move(lock);
  if (app.got_subcommand("build")) line.command = std::move(build);
  if (app.got_subcommand("customize")) line.command = std::move(customize);
  if (app.got_subcommand("change-disk")) line.command = std::move(change_disk);
  if (app.got_subcommand("boot")) line.command = std::move(boot);
  if (app.got_subcommand("relay")) line.command = std::move(relay);
  if (app.got_subcommand("lint")) line.command = std::move(lint);
  if (app.got_subcommand("inspect")) line.command = std::move(inspect);
  if (app.got_subcommand("diff")) line.command = std::move(diff);
  if (app.got_subcommand("cache")) line.command = cache;
  if (app.got_subcommand("convert")) line.command = std::move(convert);
  return line;
}

std::filesystem::path default_cache() {
  const auto folder = [](const char* variable) {
    const char* value = std::getenv(variable);
    return std::filesystem::path(value ? value : "");
  };
  if (const auto cache = folder("IMAGE_COMPOSER_CACHE"); !cache.empty()) return cache;
  if (const auto cache = folder("XDG_CACHE_HOME"); cache.is_absolute()) {
    return cache / "image-composer";
  }
  if (const auto home = folder("HOME"); home.is_absolute()) return home / ".cache/image-composer";
  throw Error(ErrorKind::usage, "cannot tell where the cache is: HOME is not set",
              "set HOME or IMAGE_COMPOSER_CACHE, or give --cache DIR");
}

}  // namespace composer
