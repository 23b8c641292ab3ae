#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

namespace composer::blueprint {
namespace {

constexpr Stranger kBaseStrangers[] = {
    {"size", "disk_size"},
    {"max_size", "disk_size"},
    {"grow_partition", "grow"},
    {"add_partitions", "partitions"},
    {"reset_uuids", "new_uuids"},
    {"resetPartitionsUuidsType", "new_uuids"},
    {"image", "", "which image is changed is said on the command line",
     "image-composer customize IMAGE BLUEPRINT -o FOLDER"},
};

}  // namespace

const Mapping& base_mapping() {
  static constexpr Table table(
      {"the base section",
       "base",
       "What becomes of the disk of the image that is changed.",
       {},
       kBaseStrangers},
      {key<&BaseRequest::disk_size, kSize>(
           {.name = "disk_size",
            .fallback = "as it is",
            .meaning = "How large the disk becomes. It never becomes smaller."}),
       key<&BaseRequest::grow, kGrownPartition>(
           {.name = "grow",
            .fallback = "none; the new room is for `partitions`",
            .meaning = "The last partition, by its label or where it is mounted: it takes the room "
                       "that the disk has gained and `partitions` leave, and its filesystem with "
                       "it."}),
       section<&BaseRequest::partitions, partition_mapping>(
           {.name = "partitions",
            .fallback = "none",
            .meaning = "Partitions that are added behind the others."}),
       key<&BaseRequest::new_uuids, kBoolean>(
           {.name = "new_uuids",
            .fallback = "false",
            .meaning = "Whether the disk, its partitions and its filesystems get identities of "
                       "their own, derived from `identity_seed`; /etc/fstab, the kernel command "
                       "line and the boot loader's files follow. An image that is attached to one "
                       "machine with its base needs it."})});
  return table;
}

}  // namespace composer::blueprint
