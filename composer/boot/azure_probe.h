#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a provisioned guest is asked over ssh, and how its answer is read: hostile input.

namespace composer::vm {

struct AzureProbe {
  std::string host_name, user;
  bool may_sudo = false;
  std::string custom_data_sha256;  ///< Of what the agent kept; empty when it kept nothing.
  std::uint64_t disk_size = 0, partition_end = 0, partition_size = 0;  ///< Bytes; 0 if unknown.
  std::uint64_t filesystem_size = 0;
  std::string clock_service;    ///< systemd's state of chronyd.
  bool has_host_clock = false;  ///< /dev/ptp_hyperv is there.
  std::vector<std::string> failed_units;
};

/// A POSIX shell script. Needs coreutils, util-linux' findmnt, systemctl.
std::string azure_probe_script();

/// Nothing when the answer is not whole.
std::optional<AzureProbe> parse_azure_probe(std::string_view output);

}  // namespace composer::vm
