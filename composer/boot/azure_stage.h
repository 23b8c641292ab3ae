#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "composer/azure/http_server.h"
#include "composer/azure/request_record.h"
#include "composer/azure/virtual_machine.h"
#include "composer/azure/wire_server.h"
#include "composer/azure_boot.h"
#include "composer/base/file_descriptor.h"
#include "composer/boot/azure_checks.h"
#include "composer/boot/guest_login.h"
#include "composer/boot/machine.h"
#include "composer/boot/private_network.h"
#include "composer/boot/watch.h"
#include "composer/host/work_directory.h"
#include "composer/report.h"

namespace composer::vm {

/// QEMU's network for a guest that reaches the two services and nothing else, and whose port 22 is
/// `ssh_port` of the host's loopback. One network spans both addresses, since a restricted one
/// forwards only addresses of its own.
/// @param relay  Program and arguments; the socket's path follows.
std::string user_network(const std::vector<std::string>& relay,
                         const std::filesystem::path& sockets, int ssh_port,
                         const std::vector<AzureFault>& faults);

/// Azure around one guest: made before power on, gone with this object.
class AzureStage {
 public:
  /// @throws Error  of kind host naming what this machine lacks, before anything slow.
  static void require(const AzureBootOptions& options);

  /// Starts the services and puts what Azure's hardware has into `machine`.
  AzureStage(const AzureBootOptions& options, Machine& machine, const std::string& nonce,
             Progress& progress);

  /// Times count from here.
  void power_on(std::chrono::steady_clock::time_point at) { record_->power_on(at); }
  /// The file that takes what the guest writes, larger than the image as an Azure disk may be.
  int overlay() const { return overlay_.get(); }

  /// Why a guest that is still starting will not be found provisioned; nothing while it may.
  std::optional<std::string> lost_cause(double now) const;

  /// Once the start is decided: waits for the report of being ready, logs in, and runs what is to
  /// be run.
  void examine(Watch& watch);

  void conclude(const std::optional<GuestReport>& guest, BootReport& report) const;

 private:
  void serve();
  void furnish(Machine& machine);
  void make_overlay(const Machine& machine);
  void wait_until_ready(Watch& watch);
  void log_in(Watch& watch);
  bool has(AzureFault fault) const;

  AzureBootOptions options_;
  Progress& progress_;
  host::WorkDirectory work_;
  AzureQuestions questions_;
  AzureFacts facts_;
  GuestLogin login_;
  FileDescriptor overlay_;
  std::optional<PrivateNetwork> network_;
  std::unique_ptr<azure::RequestRecord> record_;
  std::unique_ptr<azure::WireServer> wire_server_;
  std::unique_ptr<azure::HttpServer> server_;  ///< Last: its threads use the others.
};

}  // namespace composer::vm
