#include "composer/image/write_root.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/host/process.h"
#include "composer/tree/host_root.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/tree_listing.h"

using namespace composer;
using composer::image::write_root_images;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kEpoch = 1'700'000'000;

void write(const fs::path& path, std::string_view content, unsigned mode = 0644) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

std::string output_of(std::vector<std::string> arguments) {
  SilentProgress progress;
  const host::CommandOutput output =
      host::CommandRunner(progress).run({.arguments = std::move(arguments)});
  INFO(output.standard_output << output.standard_error);
  CHECK(output.status == 0);
  return output.standard_output;
}

class WriteRootImages {
 public:
  WriteRootImages() {
    plan_.source_date_epoch = kEpoch;
    fs::create_directory(root());
  }

  /// Some of all that packages put into a root.
  void fill() const {
    write(root() / "usr/bin/sudo", "program", 04755);
    write(root() / "usr/bin/ping", "program", 0755);
    // cap_net_raw=ep, as linux/capability.h's vfs_cap_data of revision 2 has it.
    const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
    REQUIRE(::setxattr((root() / "usr/bin/ping").c_str(), "security.capability", capability,
                       sizeof capability, 0) == 0);
    write(root() / "var/mail/someone", "mail", 0660);
    REQUIRE(::chown((root() / "var/mail/someone").c_str(), 1000, 12) == 0);
    REQUIRE(::chown((root() / "var/mail").c_str(), 0, 12) == 0);
    REQUIRE(::chmod((root() / "var/mail").c_str(), 02775) == 0);
    REQUIRE(::setxattr((root() / "var/mail").c_str(), "user.kind", "mail", 4, 0) == 0);
    fs::create_hard_link(root() / "usr/bin/sudo", root() / "usr/bin/sudoedit");
    fs::create_symlink("../nowhere", root() / "usr/lib");
    REQUIRE(::lchown((root() / "usr/lib").c_str(), 7, 8) == 0);
    fs::create_directory(root() / "dev");
    REQUIRE(::mknod((root() / "dev/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
    REQUIRE(::mkfifo((root() / "var/pipe").c_str(), 0600) == 0);
    write(root() / "var/log/lastlog", "");
    REQUIRE(::truncate((root() / "var/log/lastlog").c_str(), 300 << 20) == 0);
    REQUIRE(::chmod(root().c_str(), 0555) == 0);
  }

  WriteRootImages& output(OutputFormat format, std::string name) {
    plan_.outputs.push_back({format, Compression::none, std::move(name)});
    return *this;
  }
  std::vector<Image> write_images() const {
    const tree::HostRoot files(root());
    return write_root_images(plan_, {root(), files, system_}, out(), progress_);
  }
  image::SystemFacts& system() { return system_; }
  const std::vector<std::string>& warnings() const { return progress_.warnings; }

  Plan& plan() { return plan_; }
  fs::path root() const { return scratch_.path() / "root"; }
  fs::path scratch() const { return scratch_.path(); }
  fs::path out(std::string_view name = {}) const { return scratch_.path() / "out" / name; }
  std::vector<std::string> lines(const fs::path& tree) const {
    return test::list_tree(tree, {kEpoch, {}}).lines;
  }

 private:
  /// Keeps what the user is warned of.
  struct Warnings final : Progress {
    void begin(Stage, Amount) override {}
    void advance(Stage, Amount, std::string_view) override {}
    void end(Stage, Amount) override {}
    void note(std::string_view) override {}
    void warning(std::string_view text) override { warnings.emplace_back(text); }
    void command(std::span<const std::string>) override {}
    void output(std::string_view, std::string_view) override {}
    std::vector<std::string> warnings;
  };

  test::ScratchFolder scratch_;
  Plan plan_;
  image::SystemFacts system_;
  mutable Warnings progress_;
};

}  // namespace

TEST_CASE("a directory and a tar keep owners, modes, attributes, links and holes") {
  WriteRootImages test;
  test.fill();
  test.output(OutputFormat::directory, "vm.root").output(OutputFormat::tar, "vm.tar");
  const std::vector<Image> images = test.write_images();

  const auto expected = test.lines(test.root());
  REQUIRE(expected.size() == 15);
  CHECK(test.lines(test.out("vm.root")) == expected);
  struct stat sparse {};
  REQUIRE(::stat(test.out("vm.root/var/log/lastlog").c_str(), &sparse) == 0);
  CHECK(sparse.st_size == 300 << 20);
  CHECK(sparse.st_blocks < 100);

  fs::create_directory(test.scratch() / "unpacked");
  output_of({"tar", "-x", "--xattrs", "--xattrs-include=*", "--same-owner", "-p", "-f",
             test.out("vm.tar").string(), "-C", (test.scratch() / "unpacked").string()});
  CHECK(test.lines(test.scratch() / "unpacked") == expected);

  REQUIRE(images.size() == 2);
  CHECK(images[0].output.filename == "vm.root");
  CHECK(images[0].virtual_size == Bytes{0});
  CHECK(images[0].sha256 == images[1].sha256);
  CHECK(images[1].sha256 == sha256_file(test.out("vm.tar")));
  CHECK(images[0].file_size == Bytes{(300ULL << 20) + 7 + 7 + 4});
  CHECK(images[1].file_size.count == fs::file_size(test.out("vm.tar")));
}

TEST_CASE("the archive names owners by number alone, and every path from ./ on, sorted") {
  WriteRootImages test;
  test.fill();
  test.output(OutputFormat::tar, "vm.tar").write_images();
  const std::string names = output_of({"tar", "-tf", test.out("vm.tar").string()});
  CHECK(names ==
        "./\n./dev/\n./dev/null\n./usr/\n./usr/bin/\n./usr/bin/ping\n./usr/bin/sudo\n"
        "./usr/bin/sudoedit\n./usr/lib\n./var/\n./var/log/\n./var/log/lastlog\n./var/mail/\n"
        "./var/mail/someone\n./var/pipe\n");
  const std::string detailed = output_of({"tar", "-tvf", test.out("vm.tar").string()});
  CHECK(detailed.find("-rwsr-xr-x 0/0 ") != std::string::npos);
  CHECK(detailed.find("-rw-rw---- 1000/12 ") != std::string::npos);
  CHECK(detailed.find("./usr/bin/sudoedit link to ./usr/bin/sudo") != std::string::npos);
}

TEST_CASE("a device of this machine does not come into a directory of it, and does into a tar") {
  WriteRootImages test;
  REQUIRE(::mknod((test.root() / "sda").c_str(), S_IFBLK | 0666, makedev(8, 0)) == 0);
  test.output(OutputFormat::tar, "vm.tar").output(OutputFormat::directory, "vm.root");
  try {
    test.write_images();
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.to_text() ==
          "error: the image holds the device node '/sda' (block 8:0), which in a directory would "
          "lead to a device of this machine\n  while writing 'vm.root'\n"
          "  hint: leave out the package that brings it, or write 'format: tar'\n");
  }
  CHECK(fs::is_empty(test.out()));
  test.plan().outputs.pop_back();
  test.write_images();
  CHECK(output_of({"tar", "-tvf", test.out("vm.tar").string()}).find("brw-r--r-- 0/0") !=
        std::string::npos);
}

TEST_CASE("an earlier build's directory is replaced, and nothing else of that name") {
  WriteRootImages test;
  write(test.root() / "new", "new");
  write(test.out("vm.root/old"), "old");
  write(test.out("vm.root.partial/killed"), "half");
  test.output(OutputFormat::directory, "vm.root").write_images();
  CHECK(fs::exists(test.out("vm.root/new")));
  CHECK_FALSE(fs::exists(test.out("vm.root/old")));
  CHECK_FALSE(fs::exists(test.out("vm.root.partial")));

  test.plan().outputs = {{OutputFormat::tar, Compression::none, "vm.root"}};
  CHECK_THROWS_WITH(test.write_images(),
                    "cannot write '" + test.out("vm.root").string() + "': it is a directory");
  write(test.out("file.root"), "a file");
  test.plan().outputs = {{OutputFormat::directory, Compression::none, "file.root"}};
  CHECK_THROWS_WITH(test.write_images(),
                    "cannot write '" + test.out("file.root").string() + "': it is no directory");
}

TEST_CASE("two outputs of one name and compressed ones are refused") {
  WriteRootImages test;
  test.plan().outputs = {{OutputFormat::tar, Compression::none, "vm"},
                         {OutputFormat::raw, Compression::none, "vm"}};
  CHECK_THROWS_WITH(test.write_images(), "two images have the file name 'vm'");
  test.plan().outputs = {{OutputFormat::tar, Compression::zstd, "vm.tar"}};
  CHECK_THROWS_WITH(test.write_images(), "'tar' images are never compressed");
}

TEST_CASE("an OCI layout and archive hold the same image, whose digests are right") {
  WriteRootImages test;
  test.fill();
  test.plan().name = "web";
  PlannedContainer container;
  container.tag = "4.0";
  test.plan().outputs = {
      {OutputFormat::oci, Compression::zstd, "web.oci", {}, container},
      {OutputFormat::oci_archive, Compression::zstd, "web.oci.tar", {}, container}};
  const std::vector<Image> images = test.write_images();
  const fs::path layout = test.out("web.oci");
  CHECK(output_of({"find", layout, "-printf", "%P %m\n"}).find("blobs/sha256 755") !=
        std::string::npos);
  // Every blob is what its name says.
  std::size_t blobs = 0;
  for (const auto& entry : fs::directory_iterator(layout / "blobs/sha256")) {
    CHECK(sha256_file(entry.path()) == entry.path().filename());
    ++blobs;
  }
  CHECK(blobs == 3);
  CHECK(fs::exists(layout / "blobs/sha256" / images[0].sha256));
  const json index = json::parse(read_file(layout / "index.json"));
  CHECK(index.at("manifests").at(0).at("digest") == "sha256:" + images[0].sha256);
  const json manifest = json::parse(read_file(layout / "blobs/sha256" / images[0].sha256));
  const auto blob = [&](const json& descriptor) {
    return layout / "blobs/sha256" / descriptor.at("digest").get<std::string>().substr(7);
  };
  const json config = json::parse(read_file(blob(manifest.at("config"))));
  // The layer before compression is the archive that the format `tar` writes.
  const fs::path layer = blob(manifest.at("layers").at(0));
  output_of({"zstd", "-q", "-d", layer, "-o", test.scratch() / "layer.tar"});
  CHECK(config.at("rootfs").at("diff_ids").at(0) ==
        "sha256:" + sha256_file(test.scratch() / "layer.tar"));
  fs::create_directory(test.scratch() / "unpacked");
  output_of({"tar", "-x", "--xattrs", "--xattrs-include=*", "--same-owner", "-p", "-f",
             test.scratch() / "layer.tar", "-C", test.scratch() / "unpacked"});
  CHECK(test.lines(test.scratch() / "unpacked") == test.lines(test.root()));

  fs::create_directory(test.scratch() / "archive");
  output_of({"tar", "-x", "-f", test.out("web.oci.tar"), "-C", test.scratch() / "archive"});
  output_of({"diff", "-r", layout, test.scratch() / "archive"});
  CHECK(images[1].sha256 == sha256_file(test.out("web.oci.tar")));
  // Again, to the bit.
  const std::string first = images[1].sha256;
  CHECK(test.write_images()[1].sha256 == first);
}

TEST_CASE("a file whose name means a deletion in a layer is refused") {
  WriteRootImages test;
  write(test.root() / "usr/.wh.gone", "");
  test.plan().outputs = {{OutputFormat::oci, Compression::gzip, "x.oci", {}, PlannedContainer{}}};
  CHECK_THROWS_WITH(test.write_images(),
                    "the image holds '/usr/.wh.gone', which in a layer does not mean a file but "
                    "that one is deleted");
  CHECK(fs::is_empty(test.out()));
}

TEST_CASE("a root that WSL would not take is refused with every reason") {
  WriteRootImages test;
  test.fill();
  test.plan().outputs = {{OutputFormat::wsl, Compression::gzip, "x.wsl"}};
  try {
    test.write_images();
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK_THAT(error.to_text(),
               Catch::StartsWith("error: the image would be no distribution of WSL: ") &&
                   Catch::Contains("there is no file '/etc/wsl-distribution.conf'\n") &&
                   Catch::Contains("there is no file '/bin/sh'\n"));
  }
  CHECK(fs::is_empty(test.out()));
}

TEST_CASE("a distribution of WSL is a gzip of plain paths, numeric owners and no labels") {
  WriteRootImages test;
  const std::string program("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0", 20);
  write(test.root() / "etc/wsl-distribution.conf", "[oobe]\ndefaultName=Example\n");
  write(test.root() / "etc/passwd", "root:x:0:0::/root:/bin/bash\n");
  write(test.root() / "etc/shadow", "root:*:1::::::\n", 0600);
  write(test.root() / "bin/bash", program, 0755);
  fs::create_symlink("bash", test.root() / "bin/sh");
  REQUIRE(::setxattr((test.root() / "bin/bash").c_str(), "security.ima", "x", 1, 0) == 0);
  test.plan().outputs = {{OutputFormat::wsl, Compression::gzip, "x.wsl"}};
  const std::vector<Image> images = test.write_images();
  CHECK(output_of({"tar", "-tf", test.out("x.wsl")}) ==
        "bin/\nbin/bash\nbin/sh\netc/\netc/passwd\netc/shadow\netc/wsl-distribution.conf\n");
  CHECK(output_of({"tar", "--xattrs", "--xattrs-include=*", "-tvvf", test.out("x.wsl")})
            .find("ima") == std::string::npos);
  CHECK(output_of({"tar", "-tvf", test.out("x.wsl")}).find("-rwxr-xr-x 0/0") != std::string::npos);
  CHECK(output_of({"file", "-b", test.out("x.wsl")}).starts_with("gzip compressed data"));
  // A second opinion, by a program that shares nothing with ours.
  CHECK(output_of(
            {"python3", COMPOSER_SOURCE_DIR "/tests/system/image/check_wsl.py", test.out("x.wsl")})
            .empty());
  CHECK(test.write_images()[0].sha256 == images[0].sha256);
}

TEST_CASE("a cpio holds the tree as the kernel unpacks it, and what it cannot keep is said") {
  WriteRootImages test;
  test.fill();
  fs::create_directories(test.root() / "sbin");
  write(test.root() / "sbin/init", "program", 0755);
  fs::remove(test.root() / "var/log/lastlog");
  test.plan().outputs = {{OutputFormat::cpio, Compression::zstd, "x.cpio.zst"}};
  const std::vector<Image> images = test.write_images();
  CHECK(test.warnings() ==
        std::vector<std::string>{"'x.cpio.zst' does not have the file capabilities of 1 file: cpio "
                                 "has no extended attributes"});
  output_of({"zstd", "-q", "-d", test.out("x.cpio.zst"), "-o", test.scratch() / "x.cpio"});
  fs::create_directory(test.scratch() / "unpacked");
  output_of({"sh", "-c",
             "cd '" + (test.scratch() / "unpacked").string() +
                 "' && cpio --quiet -idm --no-preserve-owner -F ../x.cpio && cpio --quiet -tv -n "
                 "-F ../x.cpio > ../listing"});
  // Owners by the listing, the rest by what was unpacked; attributes are lost, and `init` is added.
  const std::string listing = read_file(test.scratch() / "listing");
  CHECK(listing.find("   1 1000     12 ") != std::string::npos);
  CHECK(fs::read_symlink(test.scratch() / "unpacked/init") == "sbin/init");
  CHECK(read_file(test.scratch() / "unpacked/var/mail/someone") == "mail");
  struct stat one {
  }, other{};
  REQUIRE(::stat((test.scratch() / "unpacked/usr/bin/sudo").c_str(), &one) == 0);
  REQUIRE(::stat((test.scratch() / "unpacked/usr/bin/sudoedit").c_str(), &other) == 0);
  CHECK(one.st_ino == other.st_ino);
  CHECK(one.st_size == 7);
  CHECK(test.write_images()[0].sha256 == images[0].sha256);
}

TEST_CASE("a root with nothing to start is no initramfs, and one without kernel has none") {
  WriteRootImages test;
  write(test.root() / "etc/motd", "hello");
  test.plan().outputs = {{OutputFormat::cpio, Compression::none, "x.cpio"}};
  CHECK_THROWS_WITH(test.write_images(), "the image has neither '/init' nor '/sbin/init' to start");
  test.plan().outputs = {{OutputFormat::kernel, Compression::none, "x.vmlinuz"}};
  CHECK_THROWS_WITH(test.write_images(), "the image has no kernel");
  write(test.root() / "usr/lib/modules/6.6/vmlinuz", "kernel");
  test.system().kernels = {{"6.6", "/usr/lib/modules/6.6/vmlinuz"}, {"6.5", "/nowhere"}};
  test.write_images();
  CHECK(read_file(test.out("x.vmlinuz")) == "kernel");
}

TEST_CASE("a plan whose outputs are all made of the disk has none of the root") {
  WriteRootImages test;
  test.output(OutputFormat::raw, "vm.raw");
  CHECK(test.write_images().empty());
  CHECK_FALSE(fs::exists(test.out()));
}

TEST_CASE("what mke2fs makes in each ext4 is left out") {
  PlannedDisk disk;
  for (const auto& [type, mount] : {std::pair{FilesystemType::ext4, "/"},
                                    {FilesystemType::ext4, "/var/lib"},
                                    {FilesystemType::xfs, "/srv"},
                                    {FilesystemType::ext4, ""}}) {
    disk.partitions.emplace_back().filesystem = PlannedFilesystem{.type = type, .mount = mount};
  }
  CHECK(image::left_out_of_root_images(disk) ==
        std::vector<std::string>{"lost+found", "var/lib/lost+found"});
}
