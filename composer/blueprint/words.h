#pragma once

#include "composer/blueprint.h"
#include "composer/blueprint/language.h"

// The words of the blueprint language for its enumerations, and words that people bring from
// elsewhere.

namespace composer::blueprint {

extern const Scalar<Architecture> kArchitecture;
extern const Scalar<PartitionTableType> kPartitionTable;
extern const Scalar<FilesystemType> kFilesystem;
extern const Scalar<Firmware> kFirmware;
extern const Scalar<Loader> kLoader;
extern const Scalar<OutputFormat> kOutputFormat;
extern const Scalar<Compression> kCompression;
extern const Scalar<SectorSize> kSectorSize;
extern const Scalar<PartitionType> kPartitionType;
extern const Scalar<UkiSource> kUkiSource;
extern const Scalar<InitramfsMaker> kInitramfsMaker;
extern const Scalar<PackageManager> kPackageManager;
extern const Scalar<LintProfile> kLintProfile;
extern const Scalar<SelinuxMode> kSelinuxMode;
extern const Scalar<ScriptMoment> kScriptMoment;
extern const Scalar<FirewallBackend> kFirewallBackend;

}  // namespace composer::blueprint
