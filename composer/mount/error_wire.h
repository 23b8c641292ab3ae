#pragma once

#include <string>
#include <string_view>

#include "composer/error.h"

namespace composer::mount {

/// An Error as text, to be thrown again in the process that waits for this one. Without the places
/// in blueprints, which the privileged part knows nothing of.
std::string to_wire(const Error& error);

/// The other way round. What does not parse becomes an Error that says so: the text may come from
/// a process that a hostile package has taken over.
Error from_wire(std::string_view text);

}  // namespace composer::mount
