#pragma once

#include <string_view>

#include "composer/host/store.h"
#include "composer/plan.h"
#include "composer/root.h"

namespace composer::tree {

/// Where initramfs are kept, and what they depend on that their makers do not add.
struct InitramfsStore {
  host::Store store;
  host::StoreKey key;    ///< The tool; of dracut's packages, files outside of /etc, scripts too.
  bool explain = false;  ///< Say why one could not be reused.
};

/// Everything in a root that an initramfs of dracut's depends on, beside the packages: dracut's own
/// programs and modules as they are now, and of /etc what they speak of. dracut copies from /etc
/// what its modules name; what none of them has a word for cannot get in.
///
/// @param key            What is known already.
/// @param kernel         Version of the kernel that it is for.
/// @param configuration  Of dracut, as it was written.
host::StoreKey initramfs_key(host::StoreKey key, const Root& root, std::string_view kernel,
                             std::string_view configuration);

}  // namespace composer::tree
