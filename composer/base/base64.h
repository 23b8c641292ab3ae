#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace composer {

/// RFC 4648 base64 with padding, no line breaks.
std::string base64_encode(std::string_view bytes);

/// The inverse; nothing when the text is not exactly of that form.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace composer
