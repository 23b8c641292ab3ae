#pragma once

#include <map>
#include <string>
#include <string_view>

#include "composer/root.h"

namespace composer::lint {

/// The options of sshd as its configuration with all drop-ins sets them, outside Match blocks:
/// lower-case keyword to value. As sshd itself, the first value of a keyword wins.
/// Source: OpenSSH 10, sshd_config(5).
/// @throws Error  when files include each other without end, or one is too large to read.
std::map<std::string, std::string> read_sshd_options(const ReadRoot& root);

/// Where sshd's configuration is; empty where there is none.
std::string sshd_config_path(const ReadRoot& root);

/// A time as sshd writes it (`120`, `2m`, `1h30m`) in seconds; -1 when it is none.
int sshd_seconds(std::string_view text);

}  // namespace composer::lint
