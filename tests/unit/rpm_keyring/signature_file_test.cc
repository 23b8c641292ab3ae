#include "composer/rpm/signature_file.h"

#include <catch2/catch.hpp>
#include <cstdint>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/rpm/keyring.h"

#include "../../support/scratch_folder.h"

using namespace composer;
using namespace composer::rpm;

// Packages written byte by byte; signed ones, made by rpm itself, are in tests/system/solve.

namespace {

std::string be32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

struct Entry {
  std::uint32_t tag, type, count;
  std::string value;
};

std::string header(const std::vector<Entry>& entries) {
  std::string index, data;
  for (const Entry& entry : entries) {
    index += be32(entry.tag) + be32(entry.type) + be32(static_cast<std::uint32_t>(data.size())) +
             be32(entry.count);
    data += entry.value;
  }
  const std::string magic("\x8e\xad\xe8\x01\0\0\0\0", 8);
  return magic + be32(static_cast<std::uint32_t>(entries.size())) +
         be32(static_cast<std::uint32_t>(data.size())) + index + data;
}

constexpr std::uint32_t kInt32 = 4, kString = 6, kBinary = 7, kStringArray = 8;

std::vector<Entry> main_entries() {
  return {{63, kBinary, 16, std::string(16, '\0')},
          {1003, kInt32, 1, be32(2)},
          {1000, kString, 1, std::string("bash\0", 5)},
          {1001, kString, 1, std::string("5.2\0", 4)},
          {1002, kString, 1, std::string("3\0", 2)},
          {1022, kString, 1, std::string("x86_64\0", 7)},
          {5092, kStringArray, 1, sha256_hex("payload") + std::string(1, '\0')},
          {5093, kInt32, 1, be32(8)}};
}

std::vector<Entry> signature_entries() {
  return {{62, kBinary, 16, std::string(16, '\0')}};
}

std::string package(const std::vector<Entry>& signatures, const std::vector<Entry>& entries,
                    std::string_view payload = "payload") {
  std::string lead("\xed\xab\xee\xdb\x03\x00\x00\x00", 8);
  lead.resize(96, '\0');
  std::string signature = header(signatures);
  signature.resize((signature.size() + 7) / 8 * 8, '\0');
  return lead + signature + header(entries) + std::string(payload);
}

std::string refusal(std::string_view bytes) {
  const test::ScratchFolder scratch;
  const auto path = scratch.path() / "x.rpm";
  write_file_atomically(path, bytes);
  try {
    Keyring({}).verify_package(path);
  } catch (const Error& error) {
    return error.what();
  }
  return "no refusal";
}

}  // namespace

TEST_CASE("a package's own name is read from its header") {
  const test::ScratchFolder scratch;
  write_file_atomically(scratch.path() / "x.rpm", package(signature_entries(), main_entries()));
  const PackageIdentity wanted{"bash", 2, "5.2", "3", "x86_64"};
  CHECK(read_identity(scratch.path() / "x.rpm") == wanted);
}

TEST_CASE("a package without a signature is refused") {
  CHECK(refusal(package(signature_entries(), main_entries())) == "package 'x.rpm' is not signed");
}

TEST_CASE("a signature of the main header's own says nothing") {
  auto entries = main_entries();
  entries.push_back({268, kBinary, 4, "good"});
  CHECK(refusal(package(signature_entries(), entries)) == "package 'x.rpm' is not signed");
}

TEST_CASE("a package signed in the way of rpm 3 alone is refused by that name") {
  auto signatures = signature_entries();
  signatures.push_back({1002, kBinary, 4, "old!"});
  CHECK(refusal(package(signatures, main_entries())) ==
        "package 'x.rpm' is signed only in the way of rpm 3, over header and payload together");
}

TEST_CASE("a signature that is none is refused") {
  auto signatures = signature_entries();
  signatures.push_back({268, kBinary, 4, "none"});
  CHECK(refusal(package(signatures, main_entries())) ==
        "package 'x.rpm' has a signature that cannot be read");
}

TEST_CASE("what is no package is refused") {
  CHECK(refusal("") == "'x.rpm' is not an RPM package");
  CHECK(refusal("<html>not found</html>") == "'x.rpm' is not an RPM package");
}

TEST_CASE("a package that is cut short anywhere in its headers is refused") {
  const std::string whole = package(signature_entries(), main_entries(), "");
  for (std::size_t size = 4; size < whole.size(); size += 3) {
    INFO(size);
    CHECK(refusal(std::string_view(whole).substr(0, size)) == "package 'x.rpm' is cut short");
  }
}

TEST_CASE("a package of format 6 is refused by name") {
  auto entries = main_entries();
  entries.push_back({5114, kInt32, 1, be32(6)});
  CHECK(refusal(package(signature_entries(), entries)) ==
        "package 'x.rpm' is of RPM format 6, which this machine's librpm 4.18 cannot install");
}

TEST_CASE("a source package is refused") {
  std::string bytes = package(signature_entries(), main_entries());
  bytes[7] = 1;
  CHECK(refusal(bytes) == "package 'x.rpm' is a source package or of an unknown format");
}

TEST_CASE("headers with impossible sizes are refused without being believed") {
  std::string bytes = package(signature_entries(), main_entries());
  bytes.replace(96 + 8, 4, be32(33));
  CHECK(refusal(bytes) == "package 'x.rpm' is damaged: a header has an impossible size");
  bytes.replace(96 + 8, 4, be32(0));
  CHECK(refusal(bytes) == "package 'x.rpm' is damaged: a header has an impossible size");
  bytes = package(signature_entries(), main_entries());
  bytes.replace(96 + 12, 4, be32(1000000));
  CHECK(refusal(bytes) == "package 'x.rpm' is cut short");
}

TEST_CASE("an entry outside of its header and an entry twice are refused") {
  auto entries = main_entries();
  entries.push_back({1000, kString, 1, std::string("zsh\0", 4)});
  CHECK(refusal(package(signature_entries(), entries)) ==
        "package 'x.rpm' is damaged: a header has an entry twice");
  std::string bytes = package(signature_entries(), main_entries());
  const auto main = bytes.rfind(std::string("\x8e\xad\xe8\x01", 4));
  bytes.replace(main + 16 + 16 + 8, 4, be32(100000));
  CHECK(refusal(bytes) == "package 'x.rpm' is damaged: a header entry lies outside of it");
}

TEST_CASE("random damage never crashes and never passes") {
  const std::string whole = package(signature_entries(), main_entries());
  const test::ScratchFolder scratch;
  std::uint32_t random = 1;
  for (int i = 0; i < 500; ++i) {
    std::string bad = whole;
    for (int n = 0; n < 3; ++n) {
      random = random * 1664525 + 1013904223;
      bad[random % bad.size()] = static_cast<char>(random >> 24);
    }
    const auto path = scratch.path() / "x.rpm";
    write_file_atomically(path, bad);
    CHECK_THROWS_AS(Keyring({}).verify_package(path), Error);
  }
}
