#pragma once

#include <filesystem>
#include <string>

#include "composer/azure/virtual_machine.h"
#include "composer/progress.h"

namespace composer::azure {

/// The document that tells the guest who it is. Both agents read host name, user, keys and custom
/// data from it; walinuxagent demands every section that is here.
/// Source: cloud-init 25.1 `OvfEnvXml`, WALinuxAgent 2.12 `ovfenv.py`.
std::string ovf_env(const VirtualMachine& machine);

/// Writes the medium that Azure puts in a new VM's DVD drive: a UDF filesystem with ovf-env.xml. It
/// has an ISO 9660 one beside it, which `mount` and blkid leave aside: a guest whose kernel has no
/// UDF must fail here as it would there. The same machine gives the same medium, to the byte.
/// @param folder  Where the document is put on the way; `media.iso` in it is the medium.
/// @throws Error  of kind host when genisoimage is not there.
std::filesystem::path make_provisioning_media(const VirtualMachine& machine,
                                              const std::filesystem::path& folder,
                                              Progress& progress);

}  // namespace composer::azure
