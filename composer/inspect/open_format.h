#pragma once

#include <memory>

#include "composer/inspect/block_source.h"
#include "composer/inspect/image_file.h"

// One function per container format: each takes a file whose content says that it is one, and
// returns the disk in it with the facts.

namespace composer::inspect {

/// The marks by which the formats are told apart.
inline constexpr std::string_view kVhdCookie = "conectix";
inline constexpr std::string_view kQcow2Magic = "QFI\xfb";
inline constexpr std::string_view kVhdxSignature = "vhdxfile";

/// @param footer  The 512 bytes of the footer (or, where it is lost, of its copy).
DiskImage open_vhd(std::unique_ptr<ImageFile> file, std::string_view footer);
DiskImage open_vhdx(std::unique_ptr<ImageFile> file);
DiskImage open_qcow2(std::unique_ptr<ImageFile> file);

}  // namespace composer::inspect
