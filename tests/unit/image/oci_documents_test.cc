#include "composer/image/oci_documents.h"

#include <catch2/catch.hpp>

using namespace composer;
using namespace composer::image;

namespace {

Plan plan() {
  Plan plan;
  plan.name = "web";
  plan.version = "4.0";
  plan.tool_version = "1.2.3";
  plan.source_date_epoch = 1'700'000'000;
  return plan;
}

oci::Layer layer(Compression compression) {
  return {{std::string(64, 'b'), 1234}, std::string(64, 'a'), compression};
}

}  // namespace

TEST_CASE("the image configuration says what runs, and the layer before compression") {
  PlannedContainer container;
  container.entrypoint = {"/usr/bin/web"};
  container.cmd = {"--port", "80"};
  container.env = {{"PATH", "/usr/bin"}, {"LANG", "C.UTF-8"}};
  container.labels = {{"org.example", "yes"}};
  container.working_dir = "/srv";
  container.user = "web:web";
  container.stop_signal = "SIGINT";
  container.exposed_ports = {"53/udp", "80/tcp"};
  CHECK(oci::config_document(plan(), container, layer(Compression::gzip)) ==
        R"({"created":"2023-11-14T22:13:20Z","architecture":"amd64","os":"linux","config":)"
        R"({"User":"web:web","ExposedPorts":{"53/udp":{},"80/tcp":{}},)"
        R"("Env":["PATH=/usr/bin","LANG=C.UTF-8"],"Entrypoint":["/usr/bin/web"],)"
        R"("Cmd":["--port","80"],"WorkingDir":"/srv","Labels":{"org.example":"yes"},)"
        R"("StopSignal":"SIGINT"},"rootfs":{"type":"layers","diff_ids":["sha256:)" +
            std::string(64, 'a') +
            R"("]},"history":[{"created":"2023-11-14T22:13:20Z",)"
            R"("created_by":"image-composer 1.2.3","comment":"web 4.0"}]})");
}

TEST_CASE("what is not said is not in the configuration, and arm64 is called so") {
  Plan arm = plan();
  arm.arch = Architecture::aarch64;
  arm.source_date_epoch = 0;
  const std::string text = oci::config_document(arm, {}, layer(Compression::none));
  CHECK_THAT(text, Catch::StartsWith(R"({"created":"1970-01-01T00:00:00Z","architecture":"arm64",)"
                                     R"("os":"linux","config":{"Env":[]},"rootfs")"));
}

TEST_CASE("the manifest names the configuration and the layer with their types") {
  const oci::Blob config{std::string(64, 'c'), 500};
  const auto layer_type = [&](Compression compression) {
    const std::string text = oci::manifest_document(config, layer(compression));
    const std::size_t at = text.find("image.layer");
    return text.substr(at, text.find('"', at) - at);
  };
  CHECK(oci::manifest_document(config, layer(Compression::gzip)) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
        R"({"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:)" +
            std::string(64, 'c') +
            R"(","size":500},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip",)"
            R"("digest":"sha256:)" +
            std::string(64, 'b') + R"(","size":1234}]})");
  CHECK(layer_type(Compression::zstd) == "image.layer.v1.tar+zstd");
  CHECK(layer_type(Compression::none) == "image.layer.v1.tar");
}

TEST_CASE("the index gives the manifest its name, and the layout its version") {
  PlannedContainer container;
  container.tag = "latest";
  CHECK(oci::index_document(plan(), container, {std::string(64, 'd'), 400}) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":)"
        R"([{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" +
            std::string(64, 'd') +
            R"(","size":400,"platform":{"architecture":"amd64","os":"linux"},"annotations":)"
            R"({"org.opencontainers.image.ref.name":"latest"}}]})");
  CHECK(oci::layout_document() == R"({"imageLayoutVersion":"1.0.0"})");
}
