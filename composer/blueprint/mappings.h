#pragma once

#include "composer/blueprint/language.h"

// The tables of the blueprint language, one function each. Each is read into the struct of
// composer/blueprint.h that is named beside it.

namespace composer::blueprint {

const Mapping& blueprint_mapping();       ///< Blueprint, the top level.
const Mapping& repository_mapping();      ///< RepositoryRequest
const Mapping& packages_mapping();        ///< PackagesRequest
const Mapping& disk_mapping();            ///< DiskRequest
const Mapping& base_mapping();            ///< BaseRequest
const Mapping& partition_mapping();       ///< PartitionRequest
const Mapping& subvolume_mapping();       ///< SubvolumeRequest
const Mapping& boot_mapping();            ///< BootRequest
const Mapping& system_mapping();          ///< SystemRequest
const Mapping& group_mapping();           ///< GroupRequest
const Mapping& user_mapping();            ///< UserRequest
const Mapping& services_mapping();        ///< ServicesRequest
const Mapping& file_mapping();            ///< FileRequest
const Mapping& directory_mapping();       ///< DirectoryRequest
const Mapping& sudoers_mapping();         ///< SudoersRequest
const Mapping& kernel_modules_mapping();  ///< KernelModulesRequest
const Mapping& unit_mapping();            ///< UnitRequest
const Mapping& drop_in_mapping();         ///< DropInRequest
const Mapping& ntp_mapping();             ///< NtpRequest
const Mapping& firewall_mapping();        ///< FirewallRequest
const Mapping& network_mapping();         ///< NetworkRequest
const Mapping& script_mapping();          ///< ScriptRequest
const Mapping& test_script_mapping();     ///< TestScriptRequest
const Mapping& ca_certificate_mapping();  ///< CaCertificateRequest
const Mapping& selinux_mapping();         ///< SelinuxRequest
const Mapping& output_mapping();          ///< OutputRequest
const Mapping& container_mapping();       ///< ContainerRequest
const Mapping& tests_mapping();           ///< Blueprint
const Mapping& boot_test_mapping();       ///< BootTestRequest
const Mapping& lint_mapping();            ///< LintRequest
const Mapping& lint_ignore_mapping();     ///< LintIgnoreRequest

}  // namespace composer::blueprint
