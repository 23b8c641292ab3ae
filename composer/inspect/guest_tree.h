#pragma once

#include <memory>
#include <string>

#include "composer/guest/session.h"
#include "composer/inspect/file_tree.h"

namespace composer::inspect {

/// A filesystem that libguestfs's machine has mounted at `point`. Trees of one image share the
/// machine.
std::unique_ptr<FileTree> open_in_guest(std::shared_ptr<guest::Session> session, std::string point);

}  // namespace composer::inspect
