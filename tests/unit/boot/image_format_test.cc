#include "composer/boot/image_format.h"

#include <catch2/catch.hpp>

#include "composer/error.h"

using namespace composer;
using namespace composer::vm;

namespace {

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    bytes[at + i] = static_cast<char>(value >> (8 * (count - 1 - i)) & 0xff);
  }
}

std::string vhd_footer(std::uint64_t type, Bytes size) {
  std::string footer(512, '\0');
  footer.replace(0, 8, "conectix");
  put(footer, 48, size.count, 8);
  put(footer, 60, type, 4);
  std::uint32_t sum = 0;
  for (const char c : footer) sum += static_cast<unsigned char>(c);
  put(footer, 64, ~sum, 4);
  return footer;
}

std::string qcow2_header(std::uint64_t version, Bytes size) {
  std::string header(512, '\0');
  header.replace(0, 4, "QFI\xfb");
  put(header, 4, version, 4);
  put(header, 24, size.count, 8);
  return header;
}

std::string refusal(std::string_view head, std::string_view tail, Bytes size,
                    const std::string& name) {
  try {
    recognise(head, tail, size, name);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

const std::string kZero(512, '\0');

}  // namespace

TEST_CASE("a compressed disk and what is no disk are refused") {
  const std::string zstd = "\x28\xb5\x2f\xfd" + std::string(508, 'x');
  CHECK_THROWS_WITH(recognise(zstd, zstd, MiB(1), "a.raw.zst"),
                    "cannot boot 'a.raw.zst': it is compressed");
  const std::string zeros(512, '\0');
  CHECK_THROWS_WITH(recognise(zeros, zeros, MiB(1), "a.cosi"),
                    "cannot boot 'a.cosi': a file called '.cosi' is no disk");
}

TEST_CASE("image formats are told by their content") {
  CHECK(recognise(kZero, kZero, MiB(1), "x.raw") == RecognisedImage{ImageFormat::raw, MiB(1)});
  CHECK(recognise(kZero, vhd_footer(2, MiB(8)), MiB(8) + Bytes{512}, "x.vhd") ==
        RecognisedImage{ImageFormat::vhd_fixed, MiB(8)});
  CHECK(recognise(vhd_footer(3, MiB(8)), vhd_footer(3, MiB(8)), Bytes{4096}, "x.vhd") ==
        RecognisedImage{ImageFormat::vhd_dynamic, MiB(8)});
  CHECK(recognise(qcow2_header(3, GiB(1)), kZero, MiB(1), "x.qcow2") ==
        RecognisedImage{ImageFormat::qcow2, GiB(1)});
  std::string vhdx = kZero;
  vhdx.replace(0, 8, "vhdxfile");
  CHECK(recognise(vhdx, kZero, MiB(1), "x.vhdx") == RecognisedImage{ImageFormat::vhdx, {}});
  CHECK(recognise(kZero, kZero, MiB(1), "disk").format == ImageFormat::raw);
}

TEST_CASE("a raw disk whose guest wrote a qcow2 header is not opened as qcow2") {
  CHECK(refusal(qcow2_header(3, GiB(1)), kZero, MiB(1), "disk.raw") ==
        "cannot boot 'disk.raw': it is called '.raw', but its content is qcow2");
}

TEST_CASE("an image that needs a second file is refused") {
  std::string overlay = qcow2_header(3, GiB(1));
  put(overlay, 8, 1024, 8);
  CHECK(refusal(overlay, kZero, MiB(1), "a.qcow2") ==
        "cannot boot 'a.qcow2': it is a qcow2 overlay on a second file");
  std::string external = qcow2_header(3, GiB(1));
  put(external, 72, 4, 8);
  CHECK(refusal(external, kZero, MiB(1), "a.qcow2") ==
        "cannot boot 'a.qcow2': its data is in a second file");
  CHECK(refusal(kZero, vhd_footer(4, MiB(8)), MiB(8) + Bytes{512}, "a.vhd") ==
        "cannot boot 'a.vhd': it is a differencing VHD, which is nothing without its parent");
}

TEST_CASE("a damaged image is refused with what is damaged") {
  std::string footer = vhd_footer(2, MiB(8));
  footer[48] = 1;
  CHECK(refusal(kZero, footer, MiB(8) + Bytes{512}, "a.vhd") ==
        "cannot boot 'a.vhd': the checksum of its VHD footer is wrong");
  CHECK(refusal(kZero, vhd_footer(2, MiB(9)), MiB(8) + Bytes{512}, "a.vhd") ==
        "cannot boot 'a.vhd': its VHD footer says 9437184 bytes of disk, but the file has 8388608");
  CHECK(refusal(kZero, vhd_footer(7, MiB(8)), MiB(8) + Bytes{512}, "a.vhd") ==
        "cannot boot 'a.vhd': its VHD footer has an unknown disk type");
  CHECK(refusal(qcow2_header(9, MiB(1)), kZero, MiB(1), "a.qcow2") ==
        "cannot boot 'a.qcow2': its qcow2 header has an unknown version");
  CHECK(refusal("QFI\xfb", "QFI\xfb", MiB(1), "a.qcow2") ==
        "cannot boot 'a.qcow2': its qcow2 header has an unknown version");
  CHECK(refusal(qcow2_header(3, MiB(1)), vhd_footer(2, MiB(8)), MiB(8) + Bytes{512}, "a.vhd") ==
        "cannot boot 'a.vhd': it has the marks of more than one image format");
  CHECK(refusal("", "", Bytes{0}, "a.raw") == "cannot boot 'a.raw': it is smaller than one sector");
  CHECK(refusal(kZero, kZero, MiB(1) + Bytes{5}, "a.raw") ==
        "cannot boot 'a.raw': a raw disk is a whole number of 512-byte sectors, and its size is "
        "not");
  CHECK(refusal(kZero, kZero, MiB(1), "a.VHD") ==
        "cannot boot 'a.VHD': it is called '.vhd', but its content is raw");
}
