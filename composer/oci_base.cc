#include "composer/oci_base.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string_view>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/error.h"

namespace composer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t kLargestDocument = 4U << 20;  // As registries have it.

class Layout {
 public:
  explicit Layout(const fs::path& path) : path_(path) {}

  OciBase read() {
    try {
      return image(document(read_small(path_ / "index.json"), "index.json"));
    } catch (const json::exception& error) {
      fail(fmt::format("its documents are damaged: {}", error.what()));
    }
  }

 private:
  [[noreturn]] void fail(std::string why, std::string hint = {}) const {
    throw Error(ErrorKind::build,
                fmt::format("cannot use the OCI layout '{}': {}", path_.string(), why),
                std::move(hint));
  }

  std::string read_small(const fs::path& file) const {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (error) fail(fmt::format("'{}' cannot be read: {}", file.string(), error.message()));
    if (size > kLargestDocument) fail(fmt::format("'{}' is too large", file.string()));
    return read_file(file);
  }

  json document(const std::string& text, std::string_view name) const {
    json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_object()) fail(fmt::format("'{}' is no JSON object", name));
    return parsed;
  }

  /// The file of a blob, which is what its descriptor says.
  fs::path blob(const json& descriptor) const {
    const std::string digest = descriptor.at("digest").get<std::string>();
    constexpr std::string_view kSha256 = "sha256:";
    const std::string hex = digest.substr(std::min(kSha256.size(), digest.size()));
    const bool plain = digest.starts_with(kSha256) && hex.size() == 64 &&
                       hex.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!plain) fail(fmt::format("the digest '{}' is not one of SHA-256", digest));
    fs::path file = path_ / "blobs" / "sha256" / hex;
    if (!fs::is_regular_file(fs::symlink_status(file)))
      fail(fmt::format("blob '{}' is missing", hex));
    if (fs::file_size(file) != descriptor.at("size").get<std::uint64_t>() ||
        sha256_file(file) != hex) {
      fail(fmt::format("blob '{}' is not what its digest says", hex));
    }
    return file;
  }

  OciBase image(const json& index) const {
    const json& manifests = index.at("manifests");
    if (manifests.size() != 1) {
      fail(fmt::format("it holds {} images", manifests.size()),
           "copy the wanted one into a layout of its own: skopeo copy oci:ALL:TAG oci:ONE");
    }
    const json manifest = document(read_small(blob(manifests.at(0))), "the manifest");
    if (manifest.contains("manifests")) return image(manifest);  // An index in the index.
    OciBase base;
    bool all_are_archives = true;
    for (const json& layer : manifest.at("layers")) {
      base.layers.push_back(blob(layer));
      const std::string type = layer.at("mediaType").get<std::string>();
      all_are_archives = all_are_archives && type.find(".tar") != std::string::npos;
    }
    if (base.layers.size() == 1 && !all_are_archives) {
      base.disk = std::move(base.layers.front());
      base.layers.clear();
      return base;
    }
    if (base.layers.empty() || !all_are_archives) {
      fail("it is neither a container, whose layers are archives, nor one disk image");
    }
    read_config(document(read_small(blob(manifest.at("config"))), "the configuration"), base);
    return base;
  }

  static void read_config(const json& document, OciBase& base) {
    base.architecture = document.value("architecture", "");
    const json config = document.value("config", json::object());
    PlannedContainer& container = base.container;
    const auto list = [&](const char* key) {
      const auto found = config.find(key);
      return found == config.end() || found->is_null() ? std::vector<std::string>()
                                                       : found->get<std::vector<std::string>>();
    };
    container.entrypoint = list("Entrypoint");
    container.cmd = list("Cmd");
    for (const std::string& entry : list("Env")) {
      const auto equals = entry.find('=');
      if (equals != std::string::npos) {
        container.env.push_back({entry.substr(0, equals), entry.substr(equals + 1)});
      }
    }
    for (const auto& [key, value] : config.value("Labels", json::object()).items()) {
      container.labels.push_back({key, value.get<std::string>()});
    }
    for (const auto& [port, value] : config.value("ExposedPorts", json::object()).items()) {
      container.exposed_ports.push_back(port);
    }
    container.working_dir = config.value("WorkingDir", "");
    container.user = config.value("User", "");
    container.stop_signal = config.value("StopSignal", "");
  }

  const fs::path& path_;
};

}  // namespace

bool is_oci_layout(const fs::path& path) {
  return fs::is_directory(path) && fs::exists(path / "oci-layout");
}

OciBase read_oci_base(const fs::path& layout) {
  return Layout(layout).read();
}

}  // namespace composer
