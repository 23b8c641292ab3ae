#include "composer/solve/xml.h"

#include <exception>
#include <expat.h>
#include <fmt/format.h>
#include <vector>

#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer::solve {
namespace {

constexpr std::size_t kDeepest = 32;  // comps nests 5 deep.

/// The state of one parse. Exceptions must not cross expat's C frames: kept, thrown at the end.
struct Reading {
  XML_Parser parser;
  const XmlEvents* events;
  std::vector<std::string> texts;
  std::exception_ptr failure;
  std::string refusal;

  void stop() { XML_StopParser(parser, XML_FALSE); }
};

std::string_view local_name(const char* name) {
  const std::string_view text(name);
  const auto colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Reading& reading_of(void* self) {
  return *static_cast<Reading*>(self);
}

void on_begin(void* self, const char* name, const char** attributes) noexcept {
  Reading& reading = reading_of(self);
  try {
    if (reading.texts.size() >= kDeepest) {
      reading.refusal = "it is nested too deeply";
      return reading.stop();
    }
    reading.texts.emplace_back();
    XmlEvents::Attributes values;
    for (; *attributes; attributes += 2) values[attributes[0]] = attributes[1];
    if (reading.events->begin) reading.events->begin(local_name(name), values);
  } catch (...) {
    reading.failure = std::current_exception();
    reading.stop();
  }
}

void on_end(void* self, const char* name) noexcept {
  Reading& reading = reading_of(self);
  try {
    if (reading.failure || reading.texts.empty()) return;
    const std::string text = std::move(reading.texts.back());
    reading.texts.pop_back();
    if (reading.events->end) reading.events->end(local_name(name), trim(text));
  } catch (...) {
    reading.failure = std::current_exception();
    reading.stop();
  }
}

void on_text(void* self, const char* text, int size) noexcept {
  Reading& reading = reading_of(self);
  try {
    if (!reading.texts.empty()) reading.texts.back().append(text, static_cast<std::size_t>(size));
  } catch (...) {
    reading.failure = std::current_exception();
    reading.stop();
  }
}

void on_entity(void* self, const char*, int, const char*, int, const char*, const char*,
               const char*, const char*) noexcept {
  reading_of(self).refusal = "it declares entities";
  reading_of(self).stop();
}

}  // namespace

void read_xml(std::string_view document, std::string_view what, const XmlEvents& events) {
  const Handle<XML_ParserStruct, XML_ParserFree> parser(XML_ParserCreate(nullptr));
  if (!parser) throw Error(ErrorKind::host, "cannot start expat");
  Reading reading{parser.get(), &events, {}, {}, {}};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_begin, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetEntityDeclHandler(parser.get(), on_entity);
  // expat takes an int; what we read is a few MB at most.
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  bool good = true, more = true;
  while (good && more) {
    const std::string_view piece = document.substr(0, kPiece);
    document.remove_prefix(piece.size());
    more = !document.empty();
    good = XML_Parse(parser.get(), piece.data(), static_cast<int>(piece.size()), more ? 0 : 1) ==
           XML_STATUS_OK;
  }
  if (reading.failure) std::rethrow_exception(reading.failure);
  if (good) return;
  throw Error(
      ErrorKind::build,
      fmt::format("cannot read '{}': line {}: {}", what, XML_GetCurrentLineNumber(parser.get()),
                  reading.refusal.empty() ? XML_ErrorString(XML_GetErrorCode(parser.get()))
                                          : reading.refusal));
}

}  // namespace composer::solve
