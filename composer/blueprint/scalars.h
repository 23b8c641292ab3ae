#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "composer/blueprint/language.h"
#include "composer/units.h"

// The types of the language's scalars. Each is defined in the file that is named above it.

namespace composer::blueprint {

// numbers.cc
extern const Scalar<bool> kBoolean;
extern const Scalar<int> kLanguageVersion;
extern const Scalar<int> kPriority;
extern const Scalar<int> kCost;
extern const Scalar<std::int64_t> kEpoch;
extern const Scalar<std::uint32_t> kNumericId;
extern const Scalar<std::uint32_t> kFileMode;

// amounts.cc
extern const Scalar<Bytes> kSize;
extern const Scalar<std::optional<Bytes>> kPartitionSize;  ///< Nothing for `rest`.
extern const Scalar<std::uint64_t> kDuration;              ///< Seconds.
extern const Scalar<std::uint64_t> kMenuTimeout;           ///< Seconds, from 0.

// names.cc
extern const Scalar<std::string> kImageName;
extern const Scalar<std::string> kImageVersion;
extern const Scalar<std::string> kReleaseVersion;
extern const Scalar<std::string> kIdentitySeed;
extern const Scalar<std::string> kRepositoryId;
extern const Scalar<std::string> kUserName;
extern const Scalar<std::string> kGroupName;
extern const Scalar<std::string> kOutputName;
extern const Scalar<std::string> kComment;

// system_names.cc
extern const Scalar<std::string> kHostname;
extern const Scalar<std::string> kLocale;
extern const Scalar<std::string> kTimezone;
extern const Scalar<std::string> kUnitName;    ///< `.service` is added where there is no suffix.
extern const Scalar<std::string> kTargetName;  ///< A unit name that ends in `.target`.

// setting_texts.cc
extern const Scalar<std::string> kKeymap;
extern const Scalar<std::string> kSysctlName;
extern const Scalar<std::string> kSysctlValue;
extern const Scalar<std::string> kModuleName;
extern const Scalar<std::string> kModuleOptions;
extern const Scalar<std::string> kSudoersName;
extern const Scalar<std::string> kSudoRule;
extern const Scalar<std::string> kDate;
extern const Scalar<std::string> kMotd;

// unit_texts.cc
extern const Scalar<std::string> kUnitFile;  ///< As kUnitName, but what a file can be of.
extern const Scalar<std::string> kDropInName;
extern const Scalar<std::string> kPreset;
extern const Scalar<std::string> kTmpfilesLine;
extern const Scalar<std::string> kUnitText;

// network_names.cc
extern const Scalar<std::string> kTimeServer;
extern const Scalar<std::string> kInterface;
extern const Scalar<std::string> kInterfaceAddress;
extern const Scalar<std::string> kAddress;
extern const Scalar<std::string> kSearchDomain;
extern const Scalar<std::string> kNetworkName;  ///< Of a file, without `.network`.
extern const Scalar<std::string> kFirewallEntry;

// paths.cc
extern const Scalar<std::string> kLocation;     ///< URL or path of a repository.
extern const Scalar<std::string> kKeyLocation;  ///< URL or path of a key.
extern const Scalar<std::string> kMountPoint;
extern const Scalar<std::string> kProgramPath;  ///< Of a shell, a home directory.
extern const Scalar<std::string> kFilePath;
extern const Scalar<std::string> kSourcePath;
extern const Scalar<std::string> kContent;

// package_names.cc
extern const Scalar<std::string> kPackageRequest;
extern const Scalar<std::string> kPackageGlob;
extern const Scalar<std::string> kErasePattern;   ///< On names alone.
extern const Scalar<std::string> kPackageLocale;  ///< As files of packages are marked.

// storage_texts.cc
extern const Scalar<std::string> kPartitionLabel;
extern const Scalar<std::string> kGrownPartition;
extern const Scalar<std::string> kFilesystemLabel;
extern const Scalar<std::string> kMountOption;
extern const Scalar<std::string> kMkfsOption;
extern const Scalar<std::string> kSubvolumeName;
extern const Scalar<std::string> kBtrfsCompression;
extern const Scalar<std::string> kKernelArgument;

// script_texts.cc
extern const Scalar<std::string> kScriptName;
extern const Scalar<std::string> kVariableName;
extern const Scalar<std::string> kVariableValue;

// container_texts.cc
extern const Scalar<std::string> kContainerArgument;
extern const Scalar<std::string> kContainerUser;
extern const Scalar<std::string> kContainerLabel;
extern const Scalar<std::string> kContainerPort;
extern const Scalar<std::string> kContainerSignal;
extern const Scalar<std::string> kContainerTag;

// security_texts.cc
extern const Scalar<std::string> kCertificateName;
extern const Scalar<std::string> kCertificate;  ///< Any text; certificates.h says what is in it.
extern const Scalar<std::string> kSelinuxPolicy;

// credentials.cc
extern const Scalar<std::string> kPasswordHash;
extern const Scalar<std::string> kSshKey;

}  // namespace composer::blueprint
