#include "composer/progress.h"

namespace composer {

std::string_view to_text(Stage stage) {
  switch (stage) {
    case Stage::metadata:
      return "metadata";
    case Stage::solve:
      return "solve";
    case Stage::fetch:
      return "fetch";
    case Stage::partition:
      return "partition";
    case Stage::install:
      return "install";
    case Stage::configure:
      return "configure";
    case Stage::initramfs:
      return "initramfs";
    case Stage::seal:
      return "seal";
    case Stage::expand:
      return "expand";
    case Stage::machine:
      return "machine";
    case Stage::write_images:
      return "export";
    case Stage::boot:
      return "boot";
  }
  return "unknown";
}

}  // namespace composer
