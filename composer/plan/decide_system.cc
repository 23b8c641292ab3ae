#include "composer/plan/decide_system.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "composer/base/file_descriptor.h"
#include "composer/base/own_paths.h"
#include "composer/base/source_folder.h"
#include "composer/plan/firewall_services.h"
#include "composer/plan/source_tree.h"

namespace composer {
namespace {

/// A file that goes into the plan, and so into plan.lock, is not meant to be a disk of its own.
constexpr Bytes kLargestFile = MiB(64);

std::string text_or_empty(const std::optional<Located<std::string>>& value) {
  return value ? value->value : std::string();
}

template <typename T>
std::optional<T> value_of(const std::optional<Located<T>>& value) {
  if (!value) return std::nullopt;
  return value->value;
}

std::vector<std::string> values_of(const std::vector<Located<std::string>>& located) {
  std::vector<std::string> values;
  for (const auto& entry : located) values.push_back(entry.value);
  return values;
}

std::vector<PlannedPair> pairs_of(const std::vector<PairRequest>& requests) {
  std::vector<PlannedPair> pairs;
  for (const PairRequest& pair : requests) pairs.push_back({pair.key.value, pair.value.value});
  return pairs;
}

/// Days since 1970 of a date, `YYYY-MM-DD`; nothing for one that the blueprint's reader refused.
std::optional<std::int64_t> day_of(const std::string& date) {
  constexpr std::string_view kForm = "0000-00-00";
  const bool fits =
      std::equal(date.begin(), date.end(), kForm.begin(), kForm.end(),
                 [](char c, char form) { return form == '-' ? c == '-' : c >= '0' && c <= '9'; });
  if (!fits) return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t count) {
    return std::stoi(date.substr(from, count));
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  return std::chrono::sys_days(day).time_since_epoch().count();
}

std::string with_newline(std::string text) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

bool has_package(const std::vector<PlannedPackage>& packages, std::string_view name) {
  return std::any_of(packages.begin(), packages.end(),
                     [&](const PlannedPackage& package) { return package.name == name; });
}

/// Plans one part of the system after the other, keeping the problems of all.
class Planner {
 public:
  Planner(const Blueprint& blueprint, const std::vector<PlannedPackage>* packages)
      : blueprint_(blueprint), request_(blueprint.system), own_(blueprint), packages_(packages) {}

  PlannedSystem plan() {
    plan_names();
    plan_accounts();
    plan_kernel();
    plan_services();
    plan_network();
    plan_firewall();
    for (const DirectoryRequest& directory : request_.directories) plan_directory(directory);
    for (const FileRequest& file : request_.files) plan_file(file);
    if (!problems_.empty()) throw Error(ErrorKind::usage, std::move(problems_));
    return std::move(system_);
  }

 private:
  void plan_names() {
    system_.hostname = text_or_empty(request_.hostname);
    system_.locale = text_or_empty(request_.locale);
    system_.keymap = text_or_empty(request_.keymap);
    system_.timezone = text_or_empty(request_.timezone);
    system_.motd = with_newline(text_or_empty(request_.motd));
    system_.tmpfiles = values_of(request_.tmpfiles);
  }

  void plan_accounts() {
    for (const GroupRequest& group : request_.groups) {
      system_.groups.push_back({group.name.value, value_of(group.gid)});
    }
    for (const UserRequest& user : request_.users) {
      system_.users.push_back({.name = user.name.value,
                               .uid = value_of(user.uid),
                               .group = text_or_empty(user.group),
                               .groups = values_of(user.groups),
                               .shell = text_or_empty(user.shell),
                               .home = text_or_empty(user.home),
                               .comment = text_or_empty(user.comment),
                               .password_hash = text_or_empty(user.password_hash),
                               .expires_day = std::nullopt,
                               .ssh_keys = values_of(user.ssh_keys)});
      if (user.expires) system_.users.back().expires_day = day_of(user.expires->value);
    }
    for (const SudoersRequest& file : request_.sudoers) {
      system_.sudoers.push_back({file.name.value, values_of(file.rules)});
    }
  }

  void plan_kernel() {
    system_.sysctl = pairs_of(request_.sysctl);
    system_.modules_load = values_of(request_.kernel_modules.load);
    system_.modules_deny = values_of(request_.kernel_modules.deny);
    system_.module_options = pairs_of(request_.kernel_modules.options);
  }

  void plan_services() {
    for (const UnitRequest& request : request_.units) {
      PlannedUnit unit;
      unit.name = request.name.value;
      if (request.content || request.source) {
        unit.content = with_newline(content_of(request.content, request.source));
      }
      for (const DropInRequest& drop_in : request.drop_ins) {
        unit.drop_ins.push_back(
            {drop_in.name.value, with_newline(content_of(drop_in.content, drop_in.source))});
      }
      system_.units.push_back(std::move(unit));
    }
    system_.services_enable = values_of(request_.services.enable);
    system_.services_disable = values_of(request_.services.disable);
    system_.services_mask = values_of(request_.services.mask);
    system_.service_presets = values_of(request_.services.presets);
    system_.default_target = text_or_empty(request_.default_target);
  }

  void plan_network() {
    system_.ntp_servers = values_of(request_.ntp.servers);
    system_.ntp_pools = values_of(request_.ntp.pools);
    if (!system_.ntp_servers.empty() || !system_.ntp_pools.empty()) enable("chronyd.service");
    for (const NetworkRequest& network : request_.network) {
      system_.network.push_back(
          {.name = network.name.value,
           .match = values_of(network.match),
           .dhcp = network.dhcp ? network.dhcp->value : network.addresses.empty(),
           .addresses = values_of(network.addresses),
           .gateway = text_or_empty(network.gateway),
           .dns = values_of(network.dns),
           .search = values_of(network.search)});
    }
    if (!system_.network.empty()) enable("systemd-networkd.service");
  }

  void plan_firewall() {
    if (!request_.firewall) return;
    const FirewallRequest& request = *request_.firewall;
    const auto backend = firewall_backend(request);
    if (!backend) return;
    PlannedFirewall firewall;
    firewall.backend = *backend;
    const bool nftables = *backend == FirewallBackend::nftables;
    for (const Located<std::string>& entry : request.open) {
      if (!nftables || entry->find('/') != std::string::npos) {
        firewall.open.push_back(entry.value);
      } else {
        for (std::string& port : ports_of(entry)) firewall.open.push_back(std::move(port));
      }
    }
    const std::string_view unit = nftables ? "nftables.service" : "firewalld.service";
    refuse_off(unit, request.backend ? request.backend->at : request.at);
    enable(unit);
    system_.firewall = std::move(firewall);
  }

  /// Nothing, and perhaps a problem, where it cannot be told.
  std::optional<FirewallBackend> firewall_backend(const FirewallRequest& request) {
    if (request.backend) return request.backend->value;
    if (packages_ == nullptr) return std::nullopt;
    if (has_package(*packages_, "firewalld")) return FirewallBackend::firewalld;
    if (has_package(*packages_, "nftables")) return FirewallBackend::nftables;
    report(request.at, "'firewall' needs a firewall, and no package of the image is one",
           "add 'firewalld' or 'nftables' to packages.install");
    return std::nullopt;
  }

  std::vector<std::string> ports_of(const Located<std::string>& service) {
    std::vector<std::string> ports = firewall_ports(service.value);
    if (ports.empty()) {
      const auto near = nearest(service.value, firewall_service_names());
      report(service.at, fmt::format("the ports of the service '{}' are not known", service.value),
             near ? fmt::format("did you mean '{}'?", *near)
                  : "give them, as in '22/tcp'; nftables knows no services");
    }
    return ports;
  }

  void refuse_off(std::string_view unit, const Span& at) {
    for (const auto* units : {&request_.services.disable, &request_.services.mask}) {
      for (const auto& off : *units) {
        if (off.value != unit) continue;
        const bool elsewhere = off.at.source && off.at.source != at.source;
        report(
            at,
            fmt::format("'firewall' needs '{}', which is {} {}on line {}", unit,
                        units == &request_.services.mask ? "masked" : "disabled",
                        elsewhere ? fmt::format("in '{}' ", off.at.source->name) : "", off.at.line),
            "keep one of the two");
      }
    }
  }

  void enable(std::string_view unit) {
    auto& units = system_.services_enable;
    if (std::find(units.begin(), units.end(), unit) == units.end()) units.emplace_back(unit);
  }

  void plan_directory(const DirectoryRequest& request) {
    // What is not said stays as a package has it: no mode, no owner.
    const std::string& path = request.path.value;
    const auto mode = value_of(request.mode);
    const std::string owner = text_or_empty(request.owner), group = text_or_empty(request.group);
    system_.directories.push_back({path, mode.value_or(0), owner, group});
    if (!request.source) return;
    keep_problems(request.source->at, [&] {
      const SourceTree tree = read_source_tree(
          folder_of(request.source->at, blueprint_.path.parent_path()), request.source->value);
      for (const std::string& folder : tree.folders) {
        check_own_path(path + "/" + folder, "directory", request.source->at);
        system_.directories.push_back({path + "/" + folder, 0, owner, group});
      }
      for (const SourceTree::File& file : tree.files) {
        check_own_path(path + "/" + file.name, "file", request.source->at);
        add_file({.path = path + "/" + file.name,
                  .content = file.content,
                  .mode = file.executable ? 0755U : 0644U,
                  .owner = owner.empty() ? "root" : owner,
                  .group = group.empty() ? "root" : group},
                 request.source->at);
      }
    });
  }

  void plan_file(const FileRequest& request) {
    PlannedFile file;
    file.path = request.path.value;
    file.content = content_of(request.content, request.source);
    if (request.mode) file.mode = request.mode->value;
    if (request.owner) file.owner = request.owner->value;
    if (request.group) file.group = request.group->value;
    add_file(std::move(file), request.path.at);
  }

  /// The blueprint's own checks see what is written in it, and not what a folder holds.
  void check_own_path(const std::string& path, std::string_view noun, const Span& at) {
    if (auto problem = own_.problem_of(path, noun)) {
      report(at, std::move(problem->message), "take it out of the folder");
    }
  }

  void add_file(PlannedFile file, const Span& at) {
    if (!paths_.insert(merged_path(file.path)).second) {
      report(
          at,
          fmt::format("the file '{}' is already there, from a folder of 'directories'", file.path),
          "take it out of the folder, or remove the entry");
    }
    system_.files.push_back(std::move(file));
  }

  /// Of the two keys that are alternatives: what the one holds, or the file that the other names.
  std::string content_of(const std::optional<Located<std::string>>& content,
                         const std::optional<Located<std::string>>& source) {
    if (content) return content->value;
    std::string text;
    if (!source) return text;
    keep_problems(source->at, [&] {
      text = read_file_beneath(folder_of(source->at, blueprint_.path.parent_path()), source->value,
                               kLargestFile);
    });
    return text;
  }

  template <typename Body>
  void keep_problems(const Span& at, Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        problem.at = at;
        problems_.push_back(std::move(problem));
      }
    }
  }

  void report(const Span& at, std::string message, std::string hint) {
    problems_.push_back({std::move(message), at, {}, std::move(hint)});
  }

  const Blueprint& blueprint_;
  const SystemRequest& request_;
  const OwnPaths own_;
  const std::vector<PlannedPackage>* packages_;
  PlannedSystem system_;
  std::set<std::string> paths_;  ///< Of files, merged.
  std::vector<Problem> problems_;
};

}  // namespace

PlannedSystem plan_system(const Blueprint& blueprint, const std::vector<PlannedPackage>* packages) {
  return Planner(blueprint, packages).plan();
}

}  // namespace composer
