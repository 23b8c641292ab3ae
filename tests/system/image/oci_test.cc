// OCI images as skopeo (containers/image) and umoci read them, which share no code with us.

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/image/write_root.h"
#include "composer/tree/host_root.h"

#include "tests/system/image/exported_image.h"
#include "tests/unit/image/tree_listing.h"

using namespace composer;
using namespace composer::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kEpoch = 1'700'000'000;

/// A root of some files, and the plan of one OCI output of it.
class OciImage {
 public:
  OciImage() {
    plan_.name = "web";
    plan_.version = "4.0";
    plan_.source_date_epoch = kEpoch;
    for (const char* folder : {"usr/bin", "etc", "srv/web"})
      fs::create_directories(root() / folder);
    std::ofstream(root() / "usr/bin/web") << prose(3'000'000, 1);
    std::ofstream(root() / "etc/passwd") << "root:x:0:0::/root:/bin/sh\n";
    ::chmod((root() / "usr/bin/web").c_str(), 04755);
    fs::create_symlink("usr/bin", root() / "bin");
    fs::create_hard_link(root() / "usr/bin/web", root() / "usr/bin/webd");
  }

  fs::path root() const { return scratch_.path() / "root"; }
  fs::path out() const { return scratch_.path() / "out"; }
  const fs::path& scratch() const { return scratch_.path(); }

  std::vector<Image> write(OutputFormat format, Compression compression, std::string name) {
    PlannedContainer container;
    container.entrypoint = {"/usr/bin/web", "--fast"};
    container.env = {{"PATH", "/usr/bin"}, {"MODE", "test"}};
    container.labels = {{"org.example.kind", "web"}};
    container.working_dir = "/srv/web";
    container.user = "1000:1000";
    container.exposed_ports = {"80/tcp"};
    container.tag = "4.0";
    plan_.outputs = {{format, compression, std::move(name), {}, container}};
    const tree::HostRoot files(root());
    SilentProgress progress;
    return image::write_root_images(plan_, {root(), files, {}}, out(), progress);
  }

 private:
  ScratchFolder scratch_;
  Plan plan_;
};

}  // namespace

TEST_CASE("skopeo reads the configuration of a layout directory and of an archive") {
  for (const Compression compression : {Compression::gzip, Compression::zstd, Compression::none}) {
    OciImage image;
    const std::string digest = image.write(OutputFormat::oci, compression, "web.oci")[0].sha256;
    image.write(OutputFormat::oci_archive, compression, "web.oci.tar");
    for (const std::string& name : {"oci:" + (image.out() / "web.oci").string() + ":4.0",
                                    "oci-archive:" + (image.out() / "web.oci.tar").string()}) {
      INFO(name);
      const json found = json::parse(output_of({"skopeo", "inspect", name}));
      // The digest of the build's report is what everybody calls the image by.
      CHECK(found.at("Digest") == "sha256:" + digest);
      CHECK(found.at("Created") == "2023-11-14T22:13:20Z");
      CHECK(found.at("Architecture") == "amd64");
      CHECK(found.at("Labels").at("org.example.kind") == "web");
      CHECK(found.at("Layers").size() == 1);
      const json config = json::parse(output_of({"skopeo", "inspect", "--config", name}));
      CHECK(config.at("config").at("Entrypoint") == json({"/usr/bin/web", "--fast"}));
      CHECK(config.at("config").at("User") == "1000:1000");
      CHECK(config.at("config").at("WorkingDir") == "/srv/web");
      // A copy reads the layer and checks its digests, the one before compression too.
      output_of({"skopeo", "copy", "--quiet", "--dest-decompress", name,
                 "dir:" + (image.scratch() / "copy").string()});
      fs::remove_all(image.scratch() / "copy");
    }
  }
}

TEST_CASE("umoci unpacks the layer to the root that it was made of") {
  if (::geteuid() != 0) {
    WARN("owners and set-id bits need root: not compared");
    return;
  }
  OciImage image;
  image.write(OutputFormat::oci, Compression::gzip, "web.oci");
  output_of({"umoci", "unpack", "--image", (image.out() / "web.oci").string() + ":4.0",
             image.scratch() / "bundle"});
  CHECK(list_tree(image.scratch() / "bundle/rootfs", {kEpoch, {}}).lines ==
        list_tree(image.root(), {kEpoch, {}}).lines);
}
