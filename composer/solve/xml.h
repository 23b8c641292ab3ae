#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace composer::solve {

/// What a document holds, told in its order. Element names come without their namespace prefix.
struct XmlEvents {
  using Attributes = std::map<std::string, std::string, std::less<>>;
  std::function<void(std::string_view element, const Attributes& attributes)> begin;
  /// `text` is what the element holds directly, without leading and trailing white space.
  std::function<void(std::string_view element, std::string_view text)> end;
};

/// Reads a small XML document (repomd.xml, a metalink, comps) with expat. Entities that the
/// document declares itself are refused, nothing outside of it is ever read, and the depth is
/// bounded.
///
/// @throws Error  of kind build naming `what`, with the line, when it is not well-formed.
void read_xml(std::string_view document, std::string_view what, const XmlEvents& events);

}  // namespace composer::solve
