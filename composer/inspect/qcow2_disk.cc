#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "composer/base/handle.h"
#include "composer/inspect/block_runs.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/open_format.h"
#include "composer/inspect/recent_blocks.h"

// Source: QEMU's docs/interop/qcow2.txt, versions 2 and 3. All numbers are big-endian. Snapshots,
// refcounts and bitmaps say nothing about the disk as it is, and are not looked at.

namespace composer::inspect {
namespace {

constexpr std::size_t kHeaderV3 = 104;
constexpr std::uint64_t kOffset = 0x00fffffffffffe00;  ///< In an L1 or L2 entry.
constexpr std::uint64_t kCompressed = std::uint64_t{1} << 62;
constexpr std::uint64_t kZero = 1;
/// Incompatible features.
constexpr std::uint64_t kDirty = 1, kCorrupt = 2, kExternalData = 4, kCompressionType = 8,
                        kSubclusters = 16;
constexpr std::size_t kTablePiece = 4096;
/// What decompressed clusters may take in memory.
constexpr std::size_t kMostDecompressed = 32U << 20;
/// Of a compressed frame: a window is never larger than the largest cluster, 2 MiB.
constexpr int kMostWindowLog = 21;

using ZstdContext = Handle<ZSTD_DCtx, ZSTD_freeDCtx>;

class Qcow2 final : public BlockSource {
 public:
  Qcow2(std::unique_ptr<ImageFile> file, ContainerFacts& facts) : file_(std::move(file)) {
    if (file_->size().count < kHeaderV3) file_->refuse("its qcow2 header is cut short");
    const std::string header = read_text(
        *file_, 0, static_cast<std::size_t>(std::min<std::uint64_t>(file_->size().count, 512)));
    const auto version = big_endian<std::uint32_t>(header, 4);
    if (version != 2 && version != 3) {
      file_->refuse(fmt::format("its qcow2 version {} is unknown", version));
    }
    if (big_endian<std::uint64_t>(header, 8) != 0) {
      file_->refuse("it is a qcow2 overlay on a second file, which is never followed",
                    "make it self-contained: qemu-img convert -O qcow2");
    }
    cluster_bits_ = big_endian<std::uint32_t>(header, 20);
    if (cluster_bits_ < 9 || cluster_bits_ > 21) {
      file_->refuse(fmt::format("clusters of 2^{} bytes are not possible", cluster_bits_));
    }
    cluster_ = std::uint64_t{1} << cluster_bits_;
    size_ = {big_endian<std::uint64_t>(header, 24)};
    if (big_endian<std::uint32_t>(header, 32) != 0) file_->refuse("it is encrypted");
    if (version == 3) read_features(header, facts);
    check_l1(header);
    decompressed_ = RecentBlocks(std::max<std::size_t>(2, kMostDecompressed / cluster_));
    facts.qcow2_version = version;
    facts.compression = zstd_ ? "zstd" : "zlib";
  }

  Bytes size() const override { return size_; }
  std::uint64_t cluster_size() const { return cluster_; }

  std::optional<DataRun> next_data(std::uint64_t from) const override {
    return next_run(from, size_.count, cluster_, [&](std::uint64_t cluster) {
      const std::uint64_t index = cluster % entries_per_table();
      const std::uint64_t left = entries_per_table() - index;
      const std::uint64_t l2 = l2_table(cluster);
      if (l2 == 0) return AlikeBlocks{false, left};
      const std::string_view entries = entries_at(l2 + index * 8).substr(0, left * 8);
      return alike_entries(entries, 8, [&](std::size_t at) {
        return is_stored(big_endian<std::uint64_t>(entries, at));
      });
    });
  }

  void read(std::uint64_t offset, std::span<std::byte> into) const override {
    require_within(*this, offset, into.size());
    while (!into.empty()) {
      const std::uint64_t within = offset % cluster_;
      const std::size_t n = std::min<std::uint64_t>(into.size(), cluster_ - within);
      read_cluster(offset / cluster_, within, into.first(n));
      into = into.subspan(n);
      offset += n;
    }
  }

 private:
  std::uint64_t entries_per_table() const { return cluster_ / 8; }

  void read_features(const std::string& header, ContainerFacts& facts) {
    const auto features = big_endian<std::uint64_t>(header, 72);
    if ((features & kExternalData) != 0) {
      file_->refuse("its data is in a second file, which is never followed",
                    "make it self-contained: qemu-img convert -O qcow2");
    }
    if ((features & kSubclusters) != 0) {
      file_->refuse("it has extended L2 entries, which are not supported",
                    "write it again without: qemu-img convert -O qcow2");
    }
    const auto unknown = features & ~(kDirty | kCorrupt | kCompressionType);
    if (unknown != 0) file_->refuse(fmt::format("it needs unknown qcow2 features: {:#x}", unknown));
    if ((features & kDirty) != 0) {
      facts.problems.emplace_back("the qcow2 is marked dirty: it was not closed properly");
    }
    if ((features & kCorrupt) != 0) {
      facts.problems.emplace_back("the qcow2 is marked corrupt");
    }
    const auto length = big_endian<std::uint32_t>(header, 100);
    if (length < kHeaderV3 || length % 8 != 0 || length > cluster_) {
      file_->refuse(fmt::format("a qcow2 header of {} bytes is not possible", length));
    }
    if ((features & kCompressionType) == 0) return;
    if (length < kHeaderV3 + 8 || header.size() < kHeaderV3 + 8) {
      file_->refuse("its qcow2 header has no compression type");
    }
    const auto type = big_endian<std::uint8_t>(header, 104);
    if (type > 1) file_->refuse(fmt::format("its compression type {} is unknown", type));
    zstd_ = type == 1;
  }

  void check_l1(const std::string& header) {
    const std::uint64_t entries = big_endian<std::uint32_t>(header, 36);
    l1_ = big_endian<std::uint64_t>(header, 40);
    if (l1_ % cluster_ != 0 || !is_within(l1_, entries * 8, file_->size().count)) {
      file_->refuse("its L1 table lies outside the file");
    }
    const std::uint64_t reach = entries_per_table() * cluster_;
    if (size_.count / reach + (size_.count % reach != 0) > entries) {
      file_->refuse(fmt::format("its L1 table is too short for {} bytes of disk", size_.count));
    }
  }

  /// What stands in the file at `at`, in a table that is known to lie within it: eight bytes or
  /// more. Holds until the next call.
  std::string_view entries_at(std::uint64_t at) const {
    const std::uint64_t piece = at / kTablePiece * kTablePiece;
    const std::string& text = tables_.get(piece, [&] {
      return read_text(*file_, piece,
                       std::min<std::uint64_t>(kTablePiece, file_->size().count - piece));
    });
    return std::string_view(text).substr(at - piece);
  }

  std::uint64_t entry(std::uint64_t table, std::uint64_t index) const {
    return big_endian<std::uint64_t>(entries_at(table + index * 8), 0);
  }

  /// Where the table of a cluster's entry is; zero when there is none.
  std::uint64_t l2_table(std::uint64_t cluster) const {
    const std::uint64_t l2 = entry(l1_, cluster / entries_per_table()) & kOffset;
    if (l2 != 0 && (l2 % cluster_ != 0 || !is_within(l2, cluster_, file_->size().count))) {
      file_->refuse(fmt::format("the L2 table at {} lies outside the file, or is not aligned", l2));
    }
    return l2;
  }

  static bool is_stored(std::uint64_t value) {
    return (value & kCompressed) != 0 || ((value & kZero) == 0 && (value & kOffset) != 0);
  }

  void read_cluster(std::uint64_t cluster, std::uint64_t within, std::span<std::byte> into) const {
    const std::uint64_t l2 = l2_table(cluster);
    if (l2 == 0) return zero(into);
    const std::uint64_t value = entry(l2, cluster % entries_per_table());
    if (!is_stored(value)) return zero(into);
    if ((value & kCompressed) != 0) {
      const std::string& whole =
          decompressed_.get(value, [&] { return decompress(value, cluster); });
      std::memcpy(into.data(), whole.data() + within, into.size());
      return;
    }
    const std::uint64_t start = value & kOffset;
    if (start % cluster_ != 0 || start >= file_->size().count) {
      file_->refuse(
          fmt::format("cluster {} of the disk lies outside the file, or is not aligned", cluster));
    }
    // The file's last cluster may be cut off where it is zero, as QEMU leaves it.
    const std::uint64_t there = std::min<std::uint64_t>(file_->size().count - start, cluster_);
    const std::size_t readable =
        within >= there ? 0 : std::min<std::uint64_t>(into.size(), there - within);
    file_->read(start + within, into.first(readable));
    zero(into.subspan(readable));
  }

  static void zero(std::span<std::byte> into) {
    if (!into.empty()) std::memset(into.data(), 0, into.size());
  }

  std::string decompress(std::uint64_t value, std::uint64_t cluster) const {
    // The number of sectors that the data touches stands above its offset.
    const unsigned shift = 62 - (cluster_bits_ - 8);
    const std::uint64_t start = value & ((std::uint64_t{1} << shift) - 1);
    const std::uint64_t sectors = ((value & (kCompressed - 1)) >> shift) + 1;
    if (start >= file_->size().count) {
      file_->refuse(fmt::format("cluster {} of the disk lies outside the file", cluster));
    }
    const std::uint64_t length =
        std::min<std::uint64_t>(sectors * 512 - start % 512, file_->size().count - start);
    const std::string packed = read_text(*file_, start, length);
    std::string whole(cluster_, '\0');
    if (!(zstd_ ? unpack_zstd(packed, whole) : unpack_zlib(packed, whole))) {
      file_->refuse(fmt::format("cluster {} of the disk cannot be decompressed", cluster));
    }
    return whole;
  }

  static bool unpack_zlib(const std::string& packed, std::string& whole) {
    z_stream stream{};
    if (::inflateInit2(&stream, -15) != Z_OK) return false;
    const Handle<z_stream, ::inflateEnd> end(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(whole.data());
    stream.avail_out = static_cast<uInt>(whole.size());
    ::inflate(&stream, Z_FINISH);
    return stream.avail_out == 0;
  }

  static bool unpack_zstd(const std::string& packed, std::string& whole) {
    const ZstdContext context(ZSTD_createDCtx());
    if (!context) return false;
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMostWindowLog);
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    ZSTD_outBuffer out{whole.data(), whole.size(), 0};
    while (out.pos < out.size) {
      const std::size_t before_in = in.pos, before_out = out.pos;
      const std::size_t result = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(result) != 0) return false;
      if (in.pos == before_in && out.pos == before_out) return false;
    }
    return true;
  }

  std::unique_ptr<ImageFile> file_;
  std::uint32_t cluster_bits_ = 0;
  std::uint64_t cluster_ = 0;
  Bytes size_;
  std::uint64_t l1_ = 0;
  bool zstd_ = false;
  mutable RecentBlocks tables_{1024};
  mutable RecentBlocks decompressed_{2};
};

}  // namespace

DiskImage open_qcow2(std::unique_ptr<ImageFile> file) {
  DiskImage image;
  image.facts.format = ContainerFormat::qcow2;
  image.facts.file_size = file->size();
  auto disk = std::make_unique<Qcow2>(std::move(file), image.facts);
  image.facts.virtual_size = disk->size();
  image.facts.block_size = {disk->cluster_size()};
  image.disk = std::move(disk);
  return image;
}

}  // namespace composer::inspect
