#include "composer/azure/health_report.h"

#include <expat.h>
#include <type_traits>

#include "composer/base/handle.h"
#include "composer/base/one_line.h"

namespace composer::azure {
namespace {

constexpr std::size_t kLongest = 1024;

struct Reading {
  HealthReport report;
  std::string text;
  bool health = false;
};

void start(void* user, const XML_Char* name, const XML_Char**) {
  Reading& reading = *static_cast<Reading*>(user);
  reading.text.clear();
  if (std::string_view(name) == "Health") reading.health = true;
}

void characters(void* user, const XML_Char* text, int size) {
  Reading& reading = *static_cast<Reading*>(user);
  if (reading.text.size() < kLongest) reading.text.append(text, static_cast<std::size_t>(size));
}

void end(void* user, const XML_Char* name) {
  Reading& reading = *static_cast<Reading*>(user);
  const std::string_view element = name;
  const std::string text = one_line(reading.text, kLongest);
  if (element == "State") reading.report.state = text;
  if (element == "SubStatus") reading.report.sub_status = text;
  if (element == "Description") reading.report.description = text;
  reading.text.clear();
}

}  // namespace

std::optional<HealthReport> parse_health_report(std::string_view xml) {
  const Handle<std::remove_pointer_t<XML_Parser>, XML_ParserFree> parser(XML_ParserCreate(nullptr));
  if (!parser || xml.size() > (1u << 20)) return std::nullopt;
  Reading reading;
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), start, end);
  XML_SetCharacterDataHandler(parser.get(), characters);
  if (XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), 1) != XML_STATUS_OK) {
    return std::nullopt;
  }
  if (!reading.health || reading.report.state.empty()) return std::nullopt;
  return reading.report;
}

}  // namespace composer::azure
