#include "composer/descriptions.h"

#include <algorithm>
#include <string>
#include <sys/resource.h>
#include <utility>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/manifest.h"
#include "composer/output_format.h"
#include "composer/plan/plan_json.h"

namespace composer {

std::vector<std::filesystem::path> write_descriptions(const Plan& plan,
                                                      const std::vector<Image>& images,
                                                      const std::filesystem::path& directory) {
  const std::string lock = to_json(plan);
  const std::string manifest = manifest_json(plan, images);
  std::vector<std::pair<std::string, std::string>> digests = {
      {"plan.lock", sha256_hex(lock)}, {"manifest.json", sha256_hex(manifest)}};
  for (const Image& image : images) {
    // No other tool could check a line for a directory.
    if (facts_of(image.output.format).is_directory) continue;
    digests.emplace_back(image.output.filename, image.sha256);
  }
  const bool linted = std::filesystem::exists(directory / "lint.json");
  if (linted) digests.emplace_back("lint.json", sha256_file(directory / "lint.json"));
  write_file_atomically(directory / "plan.lock", lock);
  write_file_atomically(directory / "manifest.json", manifest);
  write_file_atomically(directory / "SHA256SUMS", sha256sums(digests));
  std::vector<std::filesystem::path> files = {directory / "plan.lock", directory / "manifest.json"};
  if (linted) files.push_back(directory / "lint.json");
  files.push_back(directory / "SHA256SUMS");
  return files;
}

void remove_descriptions(const std::filesystem::path& directory) {
  for (const char* name : {"SHA256SUMS", "lint.json", "manifest.json", "plan.lock"}) {
    std::filesystem::remove(directory / name);
  }
}

Bytes peak_memory() {
  std::uint64_t most = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    if (::getrusage(who, &usage) == 0) {
      most = std::max(most, static_cast<std::uint64_t>(usage.ru_maxrss));
    }
  }
  return KiB(most);
}

}  // namespace composer
