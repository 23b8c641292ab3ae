#pragma once

#include <string>
#include <string_view>

namespace composer {

/// `text` as the text or an attribute's value of an XML 1.0 document. Control characters, which XML
/// cannot hold, become `?`. Source: Extensible Markup Language (XML) 1.0, "Characters".
std::string xml_text(std::string_view text);

}  // namespace composer
