#pragma once

#include <map>
#include <string>

#include "composer/root.h"

namespace composer::lint {

/// The options of sshd as its configuration with all drop-ins sets them, outside Match blocks:
/// lower-case keyword to value. As sshd itself, the first value of a keyword wins.
/// Source: OpenSSH 10, sshd_config(5).
std::map<std::string, std::string> read_sshd_options(const ReadRoot& root);

}  // namespace composer::lint
