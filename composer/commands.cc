#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fmt/format.h>

#include "composer/azure/relay.h"
#include "composer/base/file_descriptor.h"
#include "composer/blueprint/composition.h"
#include "composer/blueprint/explain.h"
#include "composer/blueprint/schema.h"
#include "composer/boot/junit.h"
#include "composer/cache_care.h"
#include "composer/change_disk.h"
#include "composer/checked_blueprint.h"
#include "composer/cli.h"
#include "composer/compose.h"
#include "composer/console.h"
#include "composer/describe.h"
#include "composer/host/cache_lease.h"
#include "composer/image_diff.h"
#include "composer/image_facts.h"
#include "composer/lint/report.h"
#include "composer/lint_images.h"
#include "composer/lock_file.h"
#include "composer/plan/decide.h"
#include "composer/plan/plan_json.h"
#include "composer/version.h"

namespace composer {
namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Places places_of(const CommandLine& line) {
  return {.cache = line.cache.empty() ? default_cache() : line.cache, .work = {}};
}

int run(const CommandLine&, const Answer& answer, Console&) {
  std::fputs(answer.text.c_str(), answer.exit_code == 0 ? stdout : stderr);
  return answer.exit_code;
}

int run(const CommandLine&, const ValidateRequest& request, Console& console) {
  int exit_code = 0;
  for (const std::filesystem::path& path : request.blueprints) {
    try {
      // Read once: it may be a pipe.
      const std::string text = blueprint::read_main_file(path);
      if (request.explain) {
        print(blueprint::explain_blueprint(
            text, path, request.options,
            request.json ? blueprint::ExplainFormat::json : blueprint::ExplainFormat::yaml));
      }
      parse_checked_blueprint(text, path, request.options);
      if (!request.explain) print(fmt::format("{}: valid\n", path.string()));
    } catch (const Error& error) {
      console.error(error);
      exit_code = std::max(exit_code, static_cast<int>(error.kind()));
    }
  }
  return exit_code;
}

int run(const CommandLine&, const SchemaRequest&, Console&) {
  print(blueprint::language_schema());
  return 0;
}

/// The lock to build from; empty for none.
std::filesystem::path lock_of(const LockOptions& options, const std::filesystem::path& blueprint) {
  return options.locked ? lock_path(blueprint, options.lock) : std::filesystem::path();
}

int run(const CommandLine& line, const LockCommand& request, Console& console) {
  const host::CacheLease lease = host::CacheLease::use(places_of(line).cache);
  const LockReport report = lock({.blueprint = request.blueprint,
                                  .lock = request.lock,
                                  .places = places_of(line),
                                  .options = request.options,
                                  .update_all = request.update_given && request.update.empty(),
                                  .update = request.update,
                                  .diff = request.diff},
                                 console);
  print(printable(describe(report, request.diff)));
  return request.diff && !report.changes.empty() ? static_cast<int>(ErrorKind::build) : 0;
}

int run(const CommandLine& line, const PlanRequest& request, Console& console) {
  const host::CacheLease lease = host::CacheLease::use(places_of(line).cache);
  const Plan plan = make_plan(read_checked_blueprint(request.blueprint, request.options),
                              places_of(line), console, lock_of(request.lock, request.blueprint));
  print(request.json ? to_json(plan) : printable(describe(plan)));
  return 0;
}

/// Another build may be using it; then that one does it at its end.
void keep_cache_small(const std::filesystem::path& cache, Bytes limit, Console& console) {
  if (inspect_cache(cache).size() <= limit) return;
  try {
    prune_cache(cache, limit, console);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::host) throw;
  }
}

int run(const CommandLine& line, const BuildCommand& request, Console& console) {
  BuildRequest build_request{.blueprint = request.blueprint,
                             .output_directory = request.output_directory,
                             .places = places_of(line),
                             .options = request.options,
                             .lock = lock_of(request.lock, request.blueprint),
                             .reuse = request.reuse};
  build_request.places.work =
      request.work_directory.empty() ? request.output_directory : request.work_directory;
  const std::filesystem::path cache = build_request.places.cache;
  const Bytes limit = cache_limit();  // Refused before anything slow.
  {
    const host::CacheLease lease = host::CacheLease::use(cache);
    print(describe(build(build_request, console)));
  }
  keep_cache_small(cache, limit, console);
  return 0;
}

int run(const CommandLine& line, const CacheCommand& request, Console& console) {
  const std::filesystem::path cache = places_of(line).cache;
  CacheReport report;
  switch (request.action) {
    case CacheAction::info:
      report = inspect_cache(cache);
      break;
    case CacheAction::prune:
      report = prune_cache(cache, request.limit.value_or(cache_limit()), console);
      break;
    case CacheAction::verify:
      report = verify_cache(cache, console);
      break;
  }
  print(request.json ? to_json(report) : describe(report));
  return report.damaged.empty() ? 0 : static_cast<int>(ErrorKind::build);
}

int run(const CommandLine& line, const CustomizeCommand& request, Console& console) {
  CustomizeRequest customize_request{.base = request.base,
                                     .blueprint = request.blueprint,
                                     .output_directory = request.output_directory,
                                     .places = places_of(line),
                                     .options = request.options,
                                     .way = request.way};
  if (request.plan) {
    const host::CacheLease lease = host::CacheLease::use(customize_request.places.cache);
    const Plan plan = plan_customization(customize_request, console);
    print(request.json ? to_json(plan) : printable(describe(plan)));
    return 0;
  }
  if (request.output_directory.empty()) {
    throw Error(ErrorKind::usage, "nothing says where the images go",
                "give -o FOLDER, or --plan to see what would be done");
  }
  const host::CacheLease lease = host::CacheLease::use(customize_request.places.cache);
  customize_request.places.work =
      request.work_directory.empty() ? request.output_directory : request.work_directory;
  print(describe(customize(customize_request, console)));
  return 0;
}

int run(const CommandLine&, const ChangeDiskCommand& request, Console& console) {
  change_disk_here(request.folder, request.device, console);
  return 0;
}

/// What plan.lock beside the image says about its start, if there is one that names the image.
std::optional<Plan> plan_beside(const std::filesystem::path& image) {
  const std::filesystem::path lock = image.parent_path() / "plan.lock";
  if (!std::filesystem::exists(lock)) return std::nullopt;
  Plan plan = parse_plan(read_file(lock), lock.string());
  for (const PlannedOutput& output : plan.outputs) {
    if (output.filename == image.filename()) return plan;
  }
  return std::nullopt;
}

/// `vm.vhd.serial.log` becomes `vm.vhd.azure-requests.jsonl`.
std::filesystem::path requests_beside(const std::filesystem::path& serial_log) {
  constexpr std::string_view kSuffix = ".serial.log";
  std::string name = serial_log.string();
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name + ".azure-requests.jsonl";
}

/// `vm.log` becomes `vm.uefi.log`, for a round of several.
std::filesystem::path of_round(std::filesystem::path path, Firmware firmware) {
  return path.replace_extension(fmt::format(".{}{}", to_text(firmware), path.extension().string()));
}

int run(const CommandLine&, const RelayCommand& request, Console&) {
  return azure::relay(request.socket);
}

int run(const CommandLine&, const BootCommand& request, Console& console) {
  BootRequestOptions options{.image = request.image};
  options.expectations.target = "multi-user.target";
  options.firmware = Firmware::uefi;
  if (request.azure) options.azure = request.azure_options;
  if (const std::optional<Plan> plan = plan_beside(request.image)) {
    options.expectations = plan->boot_test;
    options.firmware = plan->boot.firmware;
    if (options.azure) options.azure->scripts = plan->test_scripts;
  }
  if (request.firmware) options.firmware = *request.firmware;
  if (request.timeout_seconds) options.expectations.within_seconds = *request.timeout_seconds;
  if (request.target) options.expectations.target = *request.target;
  for (std::string service : request.services) {
    if (service.find('.') == std::string::npos) service += ".service";
    options.expectations.services.push_back(std::move(service));
  }
  for (const std::filesystem::path& script : request.scripts) {
    options.azure->scripts.push_back({script.filename().string(), read_file(script)});
  }
  options.memory_mib = request.memory_mib;
  options.cpus = request.cpus;
  const std::filesystem::path log =
      request.serial_log.empty() ? std::filesystem::path(request.image.string() + ".serial.log")
                                 : request.serial_log;

  const std::filesystem::path requests = request.azure && !request.azure_options.request_log.empty()
                                             ? request.azure_options.request_log
                                             : requests_beside(log);
  std::vector<Firmware> firmwares = {options.firmware};
  if (options.firmware == Firmware::both) firmwares = {Firmware::uefi, Firmware::bios};
  std::vector<BootReport> reports;
  for (const Firmware firmware : firmwares) {
    options.firmware = firmware;
    const bool one = firmwares.size() == 1;
    options.serial_log = one ? log : of_round(log, firmware);
    if (options.azure) options.azure->request_log = one ? requests : of_round(requests, firmware);
    reports.push_back(boot(options, console));
    print(printable(describe(reports.back())));
    if (options.azure) {
      print(fmt::format("requests to Azure: {}\n", options.azure->request_log.string()));
    }
  }
  if (!request.junit.empty()) {
    write_file_atomically(request.junit, junit_xml(request.image.filename().string(), reports));
  }
  const bool passed = std::all_of(reports.begin(), reports.end(),
                                  [](const BootReport& report) { return report.passed; });
  return passed ? 0 : static_cast<int>(ErrorKind::build);
}

/// `--ignore` of the command line.
std::vector<lint::Ignored> parse_ignored(const std::vector<std::string>& texts) {
  std::vector<lint::Ignored> ignored;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    ignored.push_back({text.substr(0, equals),
                       equals == std::string::npos ? std::string() : text.substr(equals + 1)});
  }
  lint::check_ignored(ignored);
  return ignored;
}

int run(const CommandLine&, const LintCommand& request, Console& console) {
  if (request.list) {
    print(lint::rules_text());
    return 0;
  }
  if (request.images.empty()) {
    throw Error(ErrorKind::usage, "no image is given", "name one, or give --list for the rules");
  }
  const std::vector<lint::Ignored> asked = parse_ignored(request.ignore);
  std::vector<lint::Report> reports;
  for (const std::filesystem::path& image : request.images) {
    std::vector<LintProfile> profiles = request.profiles;
    std::vector<lint::Ignored> ignored = asked;
    if (const std::optional<Plan> plan = plan_beside(image)) {
      if (profiles.empty()) profiles = plan->lint.profiles;
      for (const PlannedLintIgnore& entry : plan->lint.ignore) {
        ignored.push_back({entry.rule, entry.reason});
      }
    }
    if (profiles.empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("nothing says what image '{}' is for", image.string()),
                  "give --profile, such as --profile azure-gen2");
    }
    reports.push_back(lint_image(image, profiles, ignored, console));
    if (request.format == LintFormat::text) print(lint::report_text(reports.back()));
  }
  if (request.format == LintFormat::json) print(lint::report_json(reports, kVersion));
  if (request.format == LintFormat::sarif) print(lint::report_sarif(reports, kVersion));
  for (const lint::Report& report : reports) {
    for (const lint::Severity severity :
         {lint::Severity::error, lint::Severity::warning, lint::Severity::note}) {
      if (severity <= request.fail_on && report.failures(severity) > 0) {
        return static_cast<int>(ErrorKind::build);
      }
    }
  }
  return 0;
}

int run(const CommandLine&, const InspectCommand& request, Console& console) {
  const ImageFacts facts = read_image_facts(request.image, console);
  print(request.json ? to_json(facts)
                     : describe(facts, request.packages ? PackageList::all : PackageList::count));
  return 0;
}

int run(const CommandLine&, const DiffCommand& request, Console& console) {
  const ImageDifferences found = compare_images(request.before, request.after, console);
  print(request.json ? to_json(found) : describe(found));
  return found.same() ? 0 : static_cast<int>(ErrorKind::build);
}

int run(const CommandLine&, const ConvertRequest& request, Console& console) {
  print(describe(convert(request, console)));
  return 0;
}

}  // namespace

int run_command(const CommandLine& line, Console& console) {
  return std::visit([&](const auto& request) { return run(line, request, console); }, line.command);
}

}  // namespace composer
