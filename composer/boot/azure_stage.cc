#include "composer/boot/azure_stage.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "composer/azure/imds.h"
#include "composer/azure/provisioning_media.h"
#include "composer/boot/azure_outlook.h"
#include "composer/boot/azure_probe.h"
#include "composer/error.h"
#include "composer/host/process.h"

namespace composer::vm {
namespace {

/// After the start is over. cloud-init reports before it is.
constexpr double kReadyPatience = 15, kAgentReadyPatience = 300;
constexpr double kLoginPatience = 240, kProbeSeconds = 180, kScriptSeconds = 900;
constexpr int kMostRefusals = 3;
/// QEMU's network must not take these for its own host, DHCP and DNS servers.
constexpr std::string_view kGuestAddress = "168.10.0.4";
constexpr std::string_view kMac = "00:0d:3a:10:20:30";  // 00:0d:3a is Microsoft's, as in Azure.

std::filesystem::path scratch_base() {
  const char* folder = std::getenv("TMPDIR");
  return folder && *folder ? folder : "/var/tmp";
}

/// As /proc/self/exe of this process, not of the QEMU that will start it.
std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

/// A loopback port that is free now. QEMU fails to start if another process takes it meanwhile.
int free_port() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!socket || ::bind(socket.get(), generic, size) != 0 ||
      ::getsockname(socket.get(), generic, &size) != 0) {
    throw system_error("cannot find a free loopback port", errno);
  }
  return ntohs(address.sin_port);
}

/// A version 4 UUID from the run's number.
std::string uuid(const std::string& nonce) {
  return fmt::format("{}-{}-4{}-8{}-{}", nonce.substr(0, 8), nonce.substr(8, 4),
                     nonce.substr(13, 3), nonce.substr(17, 3), nonce.substr(20, 12));
}

/// For the shell-like parser of QEMU's network library.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::string user_network(const std::vector<std::string>& relay,
                         const std::filesystem::path& sockets, int ssh_port,
                         const std::vector<AzureFault>& faults) {
  std::string command;
  for (const std::string& word : relay) command += shell_word(word) + " ";
  const auto forward = [&](std::string_view address, int port, std::string_view socket) {
    return ",guestfwd=" + option_value(fmt::format("tcp:{}:{}-cmd:{}{}", address, port, command,
                                                   shell_word((sockets / socket).string())));
  };
  std::string text = fmt::format(
      "user,id=net,restrict=on,ipv6=off,net=168.0.0.0/7,host=168.10.0.2,dns=168.10.0.3,"
      "dhcpstart={},hostfwd=tcp:127.0.0.1:{}-{}:22",
      kGuestAddress, ssh_port, kGuestAddress);
  text += forward(azure::kImdsAddress, azure::kHttpPort, "imds");
  if (std::find(faults.begin(), faults.end(), AzureFault::no_wire_server) == faults.end()) {
    text += forward(azure::kWireServerAddress, azure::kHttpPort, "wire");
    text += forward(azure::kWireServerAddress, azure::kHostPluginPort, "plugin");
  }
  return text;
}

void AzureStage::require(const AzureBootOptions& options) {
  host::require_tools(
      {{"genisoimage", "make the provisioning media", "genisoimage"},
       {"qemu-img", "give the guest a larger disk", "qemu-utils"},
       {"ssh", "log in to the provisioned guest", "openssh-client"},
       {"ssh-keygen", "make the key that the guest is provisioned with", "openssh-client"}});
  if (options.agent == AzureAgent::waagent) PrivateNetwork::require();
}

bool AzureStage::has(AzureFault fault) const {
  return std::find(options_.faults.begin(), options_.faults.end(), fault) != options_.faults.end();
}

AzureStage::AzureStage(const AzureBootOptions& options, Machine& machine, const std::string& nonce,
                       Progress& progress)
    : options_(options), progress_(progress), work_(scratch_base()) {
  if (options_.relay.empty()) options_.relay = {own_program(), "relay"};
  const std::filesystem::path key = work_.path() / "key";
  azure::VirtualMachine& vm = questions_.machine;
  vm.host_name = options.host_name;
  vm.user_name = options.user_name;
  vm.ssh_public_key = make_key(key, progress);
  if (has(AzureFault::wrong_key)) {
    vm.ssh_public_key = make_key(work_.path() / "other-key", progress);
  }
  vm.custom_data = options.custom_data
                       ? read_file(*options.custom_data)
                       : fmt::format("#cloud-config\n# image-composer {}\n{{}}\n", uuid(nonce));
  vm.vm_id = uuid(nonce);
  vm.mac = kMac;
  vm.generation_2 = machine.generation == Generation::gen2;
  const bool by_agent = options.agent == AzureAgent::waagent;
  vm.address = by_agent ? PrivateNetwork::kGuest : kGuestAddress;
  questions_.agent = options.agent;
  for (const PlannedTestScript& script : options.scripts) questions_.scripts.push_back(script.name);

  login_ = {vm.user_name, "127.0.0.1", 22, key, work_.path() / "known_hosts"};
  if (by_agent) {
    network_.emplace(vm, work_.path().string(), progress);
    login_.address = PrivateNetwork::kGuest;
  } else {
    login_.port = free_port();
  }
  record_ = std::make_unique<azure::RequestRecord>(options.request_log);
  wire_server_ = std::make_unique<azure::WireServer>(vm);
  serve();
  make_overlay(machine);
  furnish(machine);
}

void AzureStage::serve() {
  using azure::Service;
  const auto recorded = [this](Service service, auto answer) {
    return [this, service, answer](const azure::Request& request) {
      azure::Answer given = answer(request);
      record_->add(service, request, given);
      return given;
    };
  };
  const bool no_imds = has(AzureFault::no_imds);
  const auto listen = [this](std::string_view name, std::string_view address, int port) {
    return network_ ? azure::listen_on(address, port) : azure::listen_on(work_.path() / name);
  };
  std::vector<azure::HttpServer::Door> doors;
  doors.push_back({listen("imds", azure::kImdsAddress, azure::kHttpPort),
                   recorded(Service::imds, [this, no_imds](const azure::Request& request) {
                     return no_imds ? azure::json_error(503, "Service unavailable")
                                    : azure::answer_imds(questions_.machine, request);
                   })});
  if (!has(AzureFault::no_wire_server)) {
    doors.push_back({listen("wire", azure::kWireServerAddress, azure::kHttpPort),
                     recorded(Service::wire_server, [this](const azure::Request& request) {
                       return wire_server_->answer(request);
                     })});
    doors.push_back({listen("plugin", azure::kWireServerAddress, azure::kHostPluginPort),
                     recorded(Service::host_plugin, [this](const azure::Request& request) {
                       return wire_server_->answer_host_plugin(request);
                     })});
  }
  server_ = std::make_unique<azure::HttpServer>(std::move(doors));
}

void AzureStage::make_overlay(const Machine& machine) {
  // A quarter more, and 2 GiB at least: enough to tell a filesystem that grew from one that did
  // not. It is a sparse file, and costs what the guest writes.
  const std::uint64_t size = machine.image.virtual_size.count;
  const std::uint64_t grown = size + std::max<std::uint64_t>(2ull << 30, (size / 4) & ~0xfffffull);
  const std::filesystem::path path = work_.path() / "overlay.qcow2";
  host::CommandRunner(progress_).check(
      {{"qemu-img", "create", "-q", "-f", "qcow2", path.string(), fmt::format("{}", grown)},
       {},
       {}});
  overlay_ = open_file(path, O_RDWR);
  std::filesystem::remove(path);
}

void AzureStage::furnish(Machine& machine) {
  const azure::VirtualMachine& vm = questions_.machine;
  const auto add = [&](std::vector<std::string> arguments) {
    machine.extra.insert(machine.extra.end(), arguments.begin(), arguments.end());
  };
  machine.chassis_asset_tag = azure::kChassisAssetTag;
  machine.starts_programs = !network_;
  add({"-uuid", vm.vm_id});
  add({"-netdev", network_
                      ? network_->netdev()
                      : user_network(options_.relay, work_.path(), login_.port, options_.faults)});
  add({"-device", fmt::format("virtio-net-pci,netdev=net,mac={},romfile=", vm.mac)});
  if (has(AzureFault::no_media)) {
    add({"-drive", "if=none,id=media,media=cdrom"});
  } else {
    const auto media = azure::make_provisioning_media(vm, work_.path(), progress_);
    add({"-drive", fmt::format("if=none,id=media,driver=raw,read-only=on,file.driver=file,"
                               "file.filename={}",
                               option_value(media.string()))});
  }
  add({"-device",
       machine.generation == Generation::gen2 ? "scsi-cd,drive=media" : "ide-cd,drive=media"});
  if (network_) {
    // walinuxagent's unit has ConditionVirtualization=microsoft, which systemd takes from here once
    // the processor does not speak of another hypervisor; systemd 257 looks at the vendor first,
    // and would take QEMU's. With Azure's product as well ata_piix would ignore its disks.
    machine.accelerator.cpu += ",-hypervisor";
    add({"-smbios", "type=1,manufacturer=Microsoft Corporation,version=Hyper-V UEFI Release v4.1"});
  }
}

void AzureStage::wait_until_ready(Watch& watch) {
  const double until =
      watch.now() +
      (options_.agent == AzureAgent::cloud_init ? kReadyPatience : kAgentReadyPatience);
  progress_.note("the system is up; waiting for the report that it is provisioned");
  const auto over = [&](const azure::ServiceFacts& services) {
    return services.ready_at() || vm::lost_cause(services, watch.now());
  };
  while (watch.now() < until && !watch.ended() && !over(record_->facts())) watch.listen();
}

std::optional<std::string> AzureStage::lost_cause(double now) const {
  return vm::lost_cause(record_->facts(), now);
}

void AzureStage::log_in(Watch& watch) {
  const auto meanwhile = [&watch] {
    watch.listen();
    return !watch.ended();
  };
  const double until = watch.now() + kLoginPatience;
  int refusals = 0;
  progress_.note(fmt::format("logging in to the guest as '{}'", login_.user));
  while (!watch.ended()) {
    const GuestCommandResult result =
        run_in_guest(login_, "sh -s", azure_probe_script(), kProbeSeconds, meanwhile, progress_);
    facts_.login_words = result.output;
    facts_.probe = parse_azure_probe(result.output);
    if (facts_.probe || (result.status != 255 && !result.timed_out)) {
      facts_.login = LoginOutcome::accepted;
      return;
    }
    const bool refused = result.output.find("Permission denied") != std::string::npos;
    facts_.login = refused ? LoginOutcome::refused : LoginOutcome::unreachable;
    if (refused) ++refusals;
    if (refusals == kMostRefusals || watch.now() > until) return;
    for (int i = 0; i < 8 && !watch.ended(); ++i) watch.listen();
  }
}

void AzureStage::examine(Watch& watch) {
  const std::optional<GuestReport>& guest = watch.verdict().report();
  // A guest that nobody provisioned has no user to log in as.
  if (guest && !watch.ended() && may_become_ready(questions_, record_->facts(), *guest)) {
    wait_until_ready(watch);
    log_in(watch);
    if (facts_.login == LoginOutcome::accepted && facts_.probe) {
      const auto meanwhile = [&watch] {
        watch.listen();
        return !watch.ended();
      };
      for (const PlannedTestScript& script : options_.scripts) {
        progress_.note(fmt::format("running '{}' in the guest", script.name));
        facts_.scripts.push_back(
            {script.name, run_in_guest(login_, script_command(), script.content, kScriptSeconds,
                                       meanwhile, progress_)});
        if (watch.ended()) break;
      }
    }
  }
  facts_.services = record_->facts();
}

void AzureStage::conclude(const std::optional<GuestReport>& guest, BootReport& report) const {
  conclude_azure(questions_, facts_, guest, report);
}

}  // namespace composer::vm
