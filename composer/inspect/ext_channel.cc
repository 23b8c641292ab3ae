#include "composer/inspect/ext_channel.h"

#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <memory>

#include "composer/inspect/image_file.h"

namespace composer::inspect {
namespace {

constexpr std::size_t kSuperblockSize = 1024;
constexpr int kLargestBlock = 65536;  ///< ext4's, on any architecture.

/// Made by `open_channel`, freed by `close_channel`.
struct Channel {
  struct_io_channel base{};
  char name[32]{};
  ExtVolume* volume = nullptr;
};

Channel* of(io_channel channel) {
  return static_cast<Channel*>(channel->private_data);
}

errcode_t open_channel(const char* name, int flags, io_channel* result) {
  if (!name || (flags & IO_FLAG_RW) != 0) return EXT2_ET_BAD_DEVICE_NAME;
  std::uintptr_t address = 0;
  const char* const end = name + std::strlen(name);
  if (std::from_chars(name, end, address, 16).ptr != end || address == 0) {
    return EXT2_ET_BAD_DEVICE_NAME;
  }
  auto channel = std::make_unique<Channel>();
  // ext_volume_name made this number from a pointer that is alive.
  channel->volume = reinterpret_cast<ExtVolume*>(address);
  std::memcpy(channel->name, name, std::min(sizeof channel->name - 1, std::strlen(name)));
  channel->base.magic = EXT2_ET_MAGIC_IO_CHANNEL;
  channel->base.manager = ext_volume_manager();
  channel->base.name = channel->name;
  channel->base.block_size = kSuperblockSize;
  channel->base.refcount = 1;
  channel->base.private_data = channel.get();
  *result = &channel.release()->base;
  return 0;
}

errcode_t close_channel(io_channel channel) {
  if (--channel->refcount > 0) return 0;
  delete of(channel);
  return 0;
}

errcode_t set_block_size(io_channel channel, int size) {
  if (size <= 0 || size > kLargestBlock) return EXT2_ET_INVALID_ARGUMENT;
  channel->block_size = size;
  return 0;
}

/// A negative count is one of bytes, else of blocks.
errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* into) {
  ExtVolume& volume = *of(channel)->volume;
  const auto block_size = static_cast<std::uint64_t>(channel->block_size);
  const std::uint64_t length = count < 0 ? static_cast<std::uint64_t>(-std::int64_t{count})
                                         : static_cast<std::uint64_t>(count) * block_size;
  const std::uint64_t size = volume.source->size().count;
  if (block > size / block_size || !is_within(block * block_size, length, size)) {
    return EXT2_ET_SHORT_READ;
  }
  try {
    volume.source->read(block * block_size,
                        std::span(static_cast<std::byte*>(into), static_cast<std::size_t>(length)));
  } catch (...) {
    volume.failure = std::current_exception();
    return EXT2_ET_SHORT_READ;
  }
  return 0;
}

errcode_t read_few_blocks(io_channel channel, unsigned long block, int count, void* into) {
  return read_blocks(channel, block, count, into);
}

errcode_t refuse_blocks(io_channel, unsigned long long, int, const void*) {
  return EXT2_ET_RO_FILSYS;
}

errcode_t refuse_few_blocks(io_channel, unsigned long, int, const void*) {
  return EXT2_ET_RO_FILSYS;
}

errcode_t flush_nothing(io_channel) {
  return 0;
}

errcode_t no_option(io_channel, const char*, const char*) {
  return EXT2_ET_INVALID_ARGUMENT;
}

}  // namespace

io_manager ext_volume_manager() {
  static struct_io_manager manager = [] {
    struct_io_manager made{};
    made.magic = EXT2_ET_MAGIC_IO_MANAGER;
    made.name = "image";
    made.open = open_channel;
    made.close = close_channel;
    made.set_blksize = set_block_size;
    made.read_blk = read_few_blocks;
    made.write_blk = refuse_few_blocks;
    made.flush = flush_nothing;
    made.set_option = no_option;
    made.read_blk64 = read_blocks;
    made.write_blk64 = refuse_blocks;
    return made;
  }();
  return &manager;
}

std::string ext_volume_name(const ExtVolume& volume) {
  return fmt::format("{:x}", reinterpret_cast<std::uintptr_t>(&volume));
}

}  // namespace composer::inspect
