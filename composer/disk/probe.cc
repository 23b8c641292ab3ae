#include "composer/disk/probe.h"

#include <blkid/blkid.h>
#include <cerrno>
#include <fmt/format.h>

#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer::disk {
namespace {

using Probe = Handle<std::remove_pointer_t<blkid_probe>, blkid_free_probe>;

constexpr std::uint64_t kSector = 512;

Probe open_probe(int fd, Bytes offset, Bytes size) {
  Probe probe(blkid_new_probe());
  if (!probe) throw Error(ErrorKind::build, "cannot start libblkid: out of memory");
  if (blkid_probe_set_device(probe.get(), fd, static_cast<blkid_loff_t>(offset.count),
                             static_cast<blkid_loff_t>(size.count)) != 0) {
    throw system_error("cannot probe the disk", errno);
  }
  return probe;
}

/// True when something was found. Source: libblkid's manual: 0 found, 1 nothing, -2 ambivalent.
bool found(blkid_probe probe, std::string_view what) {
  errno = 0;
  const int result = blkid_do_safeprobe(probe);
  if (result == 0) return true;
  if (result == 1) return false;
  if (result == -2) {
    throw Error(ErrorKind::build, fmt::format("more than one {} is found in one place", what));
  }
  throw system_error(fmt::format("cannot look for a {}", what), errno ? errno : EIO);
}

std::string value_of(blkid_probe probe, const char* name) {
  const char* value = nullptr;
  std::size_t length = 0;
  if (blkid_probe_lookup_value(probe, name, &value, &length) != 0 || !value) return {};
  return {value, length > 0 ? length - 1 : 0};  // The length counts the NUL.
}

std::string text_or_empty(const char* text) {
  return text ? text : "";
}

}  // namespace

std::optional<FilesystemSignature> probe_filesystem(int fd, Bytes offset, Bytes size) {
  const Probe probe = open_probe(fd, offset, size);
  blkid_probe_enable_superblocks(probe.get(), 1);
  blkid_probe_set_superblocks_flags(probe.get(),
                                    BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL);
  if (!found(probe.get(), "filesystem")) return std::nullopt;
  return FilesystemSignature{value_of(probe.get(), "TYPE"), value_of(probe.get(), "UUID"),
                             value_of(probe.get(), "LABEL")};
}

std::optional<TableSignature> probe_partition_table(int fd, Bytes size) {
  const Probe probe = open_probe(fd, {0}, size);
  blkid_probe_enable_superblocks(probe.get(), 0);
  blkid_probe_enable_partitions(probe.get(), 1);
  blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_ENTRY_DETAILS);
  if (!found(probe.get(), "partition table")) return std::nullopt;
  blkid_partlist list = blkid_probe_get_partitions(probe.get());
  if (!list) return std::nullopt;
  blkid_parttable table = blkid_partlist_get_table(list);
  if (!table) return std::nullopt;
  TableSignature signature;
  signature.type = text_or_empty(blkid_parttable_get_type(table));
  signature.id = text_or_empty(blkid_parttable_get_id(table));
  for (int i = 0; i < blkid_partlist_numof_partitions(list); ++i) {
    blkid_partition entry = blkid_partlist_get_partition(list, i);
    PartitionSignature partition;
    partition.number = blkid_partition_get_partno(entry);
    partition.type_id =
        signature.type == "gpt"
            ? text_or_empty(blkid_partition_get_type_string(entry))
            : fmt::format("{:02x}", static_cast<unsigned>(blkid_partition_get_type(entry)));
    partition.uuid = text_or_empty(blkid_partition_get_uuid(entry));
    partition.label = text_or_empty(blkid_partition_get_name(entry));
    partition.start = {static_cast<std::uint64_t>(blkid_partition_get_start(entry)) * kSector};
    partition.size = {static_cast<std::uint64_t>(blkid_partition_get_size(entry)) * kSector};
    signature.partitions.push_back(std::move(partition));
  }
  return signature;
}

}  // namespace composer::disk
