#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace composer {

/// `text` as it may be shown on a terminal or put in a report, whatever a guest wrote: printable
/// ASCII stays, each other byte becomes `?`, tabs and line ends a space, and what is longer than
/// `most` bytes is cut and ends in `...`.
std::string one_line(std::string_view text, std::size_t most = 200);

}  // namespace composer
