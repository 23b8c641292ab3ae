// resolve_packages CACHE BLUEPRINT...: the NEVRA of each package that each blueprint resolves to,
// one in a line, then the line `end`; `error: …` for a blueprint that cannot be resolved.
// What `image-composer plan` says of packages without the plan's other demands, so that requests
// can be compared that make no bootable image.

#include <cstdio>
#include <exception>

#include "composer/blueprint.h"
#include "composer/error.h"
#include "composer/solve/resolve.h"

int main(int count, char** arguments) {
  if (count < 3) return 2;
  composer::SilentProgress progress;
  for (int i = 2; i < count; ++i) {
    try {
      const auto blueprint = composer::read_blueprint(arguments[i]);
      for (const auto& package :
           composer::solve::resolve(blueprint, arguments[1], progress).packages) {
        std::printf("%s\n", package.nevra().c_str());
      }
    } catch (const composer::Error& error) {
      std::printf("error: %s\n", error.what());
    }
    std::printf("end\n");
  }
  return 0;
}
