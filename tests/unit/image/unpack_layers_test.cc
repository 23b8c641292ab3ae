#include "composer/image/unpack_layers.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sys/stat.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
namespace fs = std::filesystem;

namespace {

struct Layers {
  /// A layer of what `script` makes in an empty folder.
  fs::path layer(const std::string& script, const std::string& tar_options = "--gzip",
                 const std::string& what = ".") {
    const fs::path folder = scratch.path() / ("layer" + std::to_string(count));
    const fs::path file = scratch.path() / (std::to_string(count++) + ".tar");
    fs::create_directory(folder);
    run({"sh", "-ec", "cd " + folder.string() + "\n" + script});
    run({"sh", "-ec",
         "tar -C " + folder.string() + " --xattrs --numeric-owner " + tar_options + " -cf " +
             file.string() + " " + what});
    return file;
  }
  static void run(std::vector<std::string> arguments) {
    SilentProgress silent;
    host::CommandRunner(silent).check({std::move(arguments), {}, {}});
  }
  void unpack(const std::vector<fs::path>& layers) {
    fs::create_directory(root);
    image::unpack_layers(layers, root);
  }
  std::string listing() const {
    SilentProgress silent;
    return host::CommandRunner(silent)
        .check({{"sh", "-ec", "cd " + root.string() + " && find . | LC_ALL=C sort | tr '\\n' ' '"},
                {},
                {}})
        .standard_output;
  }

  test::ScratchFolder scratch;
  fs::path root = scratch.path() / "root";
  int count = 0;
};

}  // namespace

TEST_CASE("layers come over each other, and whiteouts take away what is below") {
  Layers layers;
  const fs::path lower = layers.layer(
      "mkdir -p keep gone opaque/old dir\n"
      "echo 1 >keep/a; echo 1 >gone/a; echo 1 >opaque/old/a; echo 1 >dir/a; echo 1 >dir/b; ln -s a "
      "dir/l\n");
  const fs::path upper = layers.layer(
      "mkdir -p keep opaque dir; echo 2 >keep/a; touch .wh.gone opaque/.wh..wh..opq; echo 2 "
      ">opaque/new\n"
      "touch dir/.wh.a dir/.wh.l; mkdir dir/b\n",
      "--zstd");
  layers.unpack({lower, upper});
  CHECK(layers.listing() == ". ./dir ./dir/b ./keep ./keep/a ./opaque ./opaque/new ");
  CHECK(read_file(layers.root / "keep/a") == "2\n");
}

TEST_CASE("owners, modes, times, hard links and attributes are kept") {
  Layers layers;
  layers.unpack({layers.layer(
      "echo x >f; chown 12:34 f; chmod 4750 f; ln f g; setfattr -n user.note -v hi f\n"
      "touch -d @1000000000 f\n",
      "--xattrs-include='*'")});
  struct stat f {
  }, g{};
  REQUIRE(::stat((layers.root / "f").c_str(), &f) == 0);
  REQUIRE(::stat((layers.root / "g").c_str(), &g) == 0);
  CHECK(f.st_ino == g.st_ino);
  CHECK(f.st_uid == 12);
  CHECK(f.st_gid == 34);
  CHECK((f.st_mode & 07777) == 04750);
  CHECK(f.st_mtime == 1000000000);
  SilentProgress silent;
  CHECK(host::CommandRunner(silent)
            .check({{"getfattr", "--only-values", "-n", "user.note", (layers.root / "f").string()},
                    {},
                    {}})
            .standard_output == "hi");
}

TEST_CASE("no path leaves the root") {
  Layers layers;
  const fs::path outside = layers.scratch.path() / "outside";
  fs::create_directory(outside);
  std::ofstream(outside / "file") << "mine\n";
  const auto refused = [&](const std::vector<fs::path>& all) {
    fs::remove_all(layers.root);
    try {
      layers.unpack(all);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("unpacked");
  };
  // What is named by `..`.
  const fs::path dots =
      layers.layer("echo evil >file\n", "--transform='s,./file,../outside/file,'");
  CHECK(refused({dots}).find("it has the path '../outside/file'") != std::string::npos);
  // What is below a link of the same or of a lower layer.
  const fs::path link = layers.layer("ln -s " + outside.string() + " dir\n");
  const fs::path below =
      layers.layer("mkdir dir; echo evil >dir/file\n", "--no-recursion", "./dir/file");
  CHECK(refused({link, below}) != "unpacked");
  // A whiteout below a link, and a hard link to what is outside.
  const fs::path whiteout =
      layers.layer("mkdir dir; touch dir/.wh.file\n", "--no-recursion", "./dir/.wh.file");
  (void)refused({link, whiteout});
  CHECK(read_file(outside / "file") == "mine\n");
  CHECK(std::distance(fs::directory_iterator(outside), fs::directory_iterator{}) == 1);
}

TEST_CASE("a damaged archive is an error") {
  Layers layers;
  const fs::path file = layers.layer("head -c 300000 /dev/urandom >f\n");
  fs::resize_file(file, fs::file_size(file) / 2);
  CHECK_THROWS_WITH(layers.unpack({file}), Catch::Contains("cannot unpack the layer"));
}
