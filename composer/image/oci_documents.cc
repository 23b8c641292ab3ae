#include "composer/image/oci_documents.h"

#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace composer::image::oci {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";

std::string layer_type(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return fmt::format("{}+gzip", kLayerType);
    case Compression::zstd:
      return fmt::format("{}+zstd", kLayerType);
    case Compression::none:
    case Compression::zlib:
    case Compression::zstd_fast:
      break;
  }
  return std::string(kLayerType);
}

/// RFC 3339, in UTC.
std::string time_text(std::int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds at{std::chrono::seconds(seconds)};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

Json descriptor(std::string_view type, const Blob& blob) {
  return {{"mediaType", type}, {"digest", "sha256:" + blob.digest}, {"size", blob.size}};
}

std::string text_of(const Json& document) {
  return document.dump();
}

Json execution_of(const PlannedContainer& container) {
  Json config = Json::object();
  if (!container.user.empty()) config["User"] = container.user;
  if (!container.exposed_ports.empty()) {
    Json ports = Json::object();
    for (const std::string& port : container.exposed_ports) ports[port] = Json::object();
    config["ExposedPorts"] = std::move(ports);
  }
  Json env = Json::array();
  for (const PlannedPair& pair : container.env) env.push_back(pair.key + "=" + pair.value);
  config["Env"] = std::move(env);
  if (!container.entrypoint.empty()) config["Entrypoint"] = container.entrypoint;
  if (!container.cmd.empty()) config["Cmd"] = container.cmd;
  if (!container.working_dir.empty()) config["WorkingDir"] = container.working_dir;
  if (!container.labels.empty()) {
    Json labels = Json::object();
    for (const PlannedPair& pair : container.labels) labels[pair.key] = pair.value;
    config["Labels"] = std::move(labels);
  }
  if (!container.stop_signal.empty()) config["StopSignal"] = container.stop_signal;
  return config;
}

}  // namespace

std::string config_document(const Plan& plan, const PlannedContainer& container,
                            const Layer& layer) {
  const std::string created = time_text(plan.source_date_epoch);
  return text_of(
      {{"created", created},
       {"architecture", architecture_of(plan.arch)},
       {"os", "linux"},
       {"config", execution_of(container)},
       {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array({"sha256:" + layer.diff_id})}}},
       {"history", Json::array({{{"created", created},
                                 {"created_by", "image-composer " + plan.tool_version},
                                 {"comment", fmt::format("{} {}", plan.name, plan.version)}}})}});
}

std::string manifest_document(const Blob& config, const Layer& layer) {
  return text_of(
      {{"schemaVersion", 2},
       {"mediaType", kManifestType},
       {"config", descriptor(kConfigType, config)},
       {"layers", Json::array({descriptor(layer_type(layer.compression), layer.blob)})}});
}

std::string index_document(const Plan& plan, const PlannedContainer& container,
                           const Blob& manifest) {
  Json entry = descriptor(kManifestType, manifest);
  entry["platform"] = {{"architecture", architecture_of(plan.arch)}, {"os", "linux"}};
  entry["annotations"] = {{"org.opencontainers.image.ref.name", container.tag}};
  return text_of(
      {{"schemaVersion", 2}, {"mediaType", kIndexType}, {"manifests", Json::array({entry})}});
}

std::string layout_document() {
  return text_of({{"imageLayoutVersion", "1.0.0"}});
}

std::string architecture_of(Architecture arch) {
  return arch == Architecture::aarch64 ? "arm64" : "amd64";
}

}  // namespace composer::image::oci
