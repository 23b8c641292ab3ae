#include "composer/rpm/payload_ahead.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <numeric>
#include <unistd.h>

#include "composer/error.h"
#include "composer/host/process.h"

#include "tests/support/tiny_rpms.h"

using namespace composer;

namespace {

struct Packages {
  /// A package of `kib` KiB that do not get smaller, and 200 KiB that do.
  std::filesystem::path build(const std::string& name, int kib,
                              const std::string& payload = "w3.zstdio") const {
    return rpms.build(name, fmt::format("%define _binary_payload {}\n%description\n%install\n"
                                        "mkdir -p %{{buildroot}}/opt\n"
                                        "head -c {}K /dev/urandom > %{{buildroot}}/opt/{}\n"
                                        "head -c 200K /dev/zero >> %{{buildroot}}/opt/{}\n"
                                        "%files\n/opt/{}\n",
                                        payload, kib, name, name, name));
  }

  test::TinyRpms rpms;
};

FileDescriptor open_package_file(const std::filesystem::path& path) {
  return open_file(path, O_RDONLY);
}

std::string content_of(const FileDescriptor& fd) {
  std::string text(static_cast<std::size_t>(::lseek(fd.get(), 0, SEEK_END)), '\0');
  REQUIRE(::pread(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return text;
}

/// What rpm2cpio, an rpm that knows nothing of us, finds in a package.
std::string payload_of(const std::string& path) {
  SilentProgress silent;
  return host::CommandRunner(silent)
      .run({{"sh", "-c", "rpm2cpio \"$0\" | sha256sum", path}, {}, {}})
      .standard_output;
}

std::string payload_of(const FileDescriptor& fd) {
  const test::ScratchFolder scratch;
  const std::string path = scratch.path() / "stored.rpm";
  std::ofstream(path, std::ios::binary) << content_of(fd);
  return payload_of(path);
}

}  // namespace

TEST_CASE("a stored payload is the same for rpm, and its headers are the same bytes") {
  const Packages packages;
  const int kib = GENERATE(0, 1, 500);
  const auto path = packages.build("stored", kib);
  const auto stored = rpm::store_payload(open_package_file(path), 1 << 20);
  REQUIRE(stored);
  CHECK(stored->size > (std::uint64_t{200} + static_cast<unsigned>(kib)) << 10);
  CHECK(payload_of(stored->memory) == payload_of(path.string()));
  CHECK(::write(stored->memory.get(), "x", 1) == -1);
  const std::string original = read_file(path), made = content_of(stored->memory);
  const auto headers = original.find("\x28\xB5\x2F\xFD");
  REQUIRE(headers != std::string::npos);
  CHECK(made.substr(0, headers) == original.substr(0, headers));
}

TEST_CASE("a payload that is too large, damaged, cut short or of another kind is left to librpm") {
  const Packages packages;
  const auto path = packages.build("left", 300);
  const std::string whole = read_file(path);
  const auto stored = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return rpm::store_payload(open_package_file(path), 1 << 20).has_value();
  };
  CHECK(stored(whole));
  CHECK_FALSE(rpm::store_payload(open_package_file(path), 400 << 10));
  CHECK_FALSE(stored(whole.substr(0, whole.size() - 1)));
  CHECK_FALSE(stored(whole.substr(0, whole.size() - 100000)));
  CHECK_FALSE(stored(whole + "x"));
  std::string changed = whole;
  changed[whole.find("\x28\xB5\x2F\xFD") + 8] ^= 0x55;
  CHECK_FALSE(stored(changed));
  CHECK_THROWS_AS(stored(whole.substr(0, 200)), Error);
  CHECK_FALSE(
      rpm::store_payload(open_package_file(packages.build("gzip", 300, "w6.gzdio")), 1 << 20));
}

TEST_CASE("packages are ready before they are asked for, and gone when the next one has begun") {
  const Packages packages;
  const std::vector<std::filesystem::path> paths = {packages.build("a", 1), packages.build("b", 1),
                                                    packages.build("c", 1)};
  rpm::PayloadAhead ahead([&](std::size_t index) {
    if (index == 1) throw Error(ErrorKind::build, "gone");
    return open_package_file(paths.at(index));
  });
  CHECK_FALSE(ahead.take(0));
  ahead.begin({2, 1, 0});
  ahead.settle();
  CHECK_FALSE(ahead.take(1));
  CHECK_FALSE(ahead.take(7));
  for (int twice = 0; twice < 2; ++twice) {
    const FileDescriptor taken = ahead.take(2);
    REQUIRE(taken);
    CHECK(::lseek(taken.get(), 0, SEEK_CUR) == 0);
    CHECK(payload_of(taken) == payload_of(paths[2].string()));
  }
  ahead.begun(2);
  CHECK(ahead.take(2));
  ahead.begun(1);
  CHECK_FALSE(ahead.take(2));
  CHECK(payload_of(ahead.take(0)) == payload_of(paths[0].string()));
}

TEST_CASE("no more packages are held than descriptors can be spared for") {
  const Packages packages;
  const auto small = packages.build("small", 1);
  rpm::PayloadAhead ahead([&](std::size_t) { return open_package_file(small); });
  std::vector<std::size_t> order(rpm::PayloadAhead::kMostPackages + 20);
  std::iota(order.begin(), order.end(), 0);
  ahead.begin(order);
  ahead.settle();
  CHECK(ahead.take(rpm::PayloadAhead::kMostPackages - 1));
  CHECK_FALSE(ahead.take(rpm::PayloadAhead::kMostPackages));
  ahead.begun(10);
  ahead.settle();
  CHECK(ahead.take(rpm::PayloadAhead::kMostPackages + 9));
  CHECK_FALSE(ahead.take(rpm::PayloadAhead::kMostPackages + 10));
}

TEST_CASE("no more is decompressed than may be held, until it is taken") {
  const Packages packages;
  const auto large = packages.build("large", 30 << 10);
  rpm::PayloadAhead ahead([&](std::size_t) { return open_package_file(large); });
  ahead.begin({0, 1, 2, 3});
  ahead.settle();
  CHECK(ahead.take(1));
  CHECK_FALSE(ahead.take(2));
  ahead.begun(0);
  ahead.begun(1);  // What is before it goes.
  ahead.settle();
  CHECK(ahead.take(2));
  CHECK_FALSE(ahead.take(3));
}
