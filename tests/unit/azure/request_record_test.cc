#include "composer/azure/request_record.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/scratch_folder.h"
#include "tests/unit/azure/sample.h"

using namespace composer::azure;
using composer::azure::test::get;

namespace {

/// As cloud-init 25.1 and WALinuxAgent 2.12 post it.
std::string health(const std::string& state, const std::string& details = {}) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
         "<Health xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
         "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n"
         "  <GoalStateIncarnation>1</GoalStateIncarnation>\n  <Container>\n"
         "    <ContainerId>c</ContainerId>\n    <RoleInstanceList>\n      <Role>\n"
         "        <InstanceId>i</InstanceId>\n        <Health>\n          <State>" +
         state + "</State>\n" + details +
         "        </Health>\n      </Role>\n    </RoleInstanceList>\n  </Container>\n</Health>\n";
}

Request report(std::string body) {
  return {"POST", "/machine", {{"comp", "health"}}, {}, std::move(body)};
}

}  // namespace

TEST_CASE("a health report is read") {
  const auto ready = parse_health_report(health("Ready"));
  REQUIRE(ready);
  CHECK(ready->state == "Ready");
  CHECK_FALSE(ready->failed());
  const auto failed =
      parse_health_report(health("NotReady",
                                 "<Details><SubStatus>ProvisioningFailed</SubStatus>"
                                 "<Description>no &amp; reason\x7f</Description></Details>"));
  REQUIRE(failed);
  CHECK(failed->failed());
  CHECK(failed->description == "no & reason?");
  const auto starting = parse_health_report(
      health("NotReady", "<Details><SubStatus>Provisioning</SubStatus></Details>"));
  REQUIRE(starting);
  CHECK_FALSE(starting->failed());
}

TEST_CASE("what is no health report is none") {
  for (const std::string& text : {std::string(), std::string("<Health>"), std::string("<a/>"),
                                  std::string("<Health><State></State></Health>"),
                                  std::string("<x><State>Ready</State></x>")}) {
    CHECK_FALSE(parse_health_report(text));
  }
  // Entities that grow are expat's to refuse.
  std::string laughs = "<!DOCTYPE Health [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\">";
  for (char c = 'b'; c <= 'k'; ++c) {
    laughs += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) laughs += std::string("&") + static_cast<char>(c - 1) + ";";
    laughs += "\">";
  }
  CHECK_FALSE(parse_health_report(laughs + "]><Health><State>&k;</State></Health>"));
}

TEST_CASE("the record counts what matters and keeps the rest in lines of JSON") {
  composer::test::ScratchFolder folder;
  const auto log = folder.path() / "requests.jsonl";
  {
    RequestRecord record(log);
    record.add(Service::imds, get("/metadata/instance"), {400, "", "", {}});
    record.add(Service::imds,
               get("/metadata/instance", {{"api-version", "2021-08-01"}}, {{"metadata", "true"}}),
               {});
    record.add(Service::wire_server, get("/machine/", {{"comp", "goalstate"}}), {});
    record.add(Service::wire_server, report(health("NotReady")), {400, "", "", {}});
    record.add(Service::wire_server, report(health("Ready")), {});
    record.add(Service::host_plugin, get("/\x1b[2J\xff"), {404, "", "", {}});
    const ServiceFacts facts = record.facts();
    CHECK(facts.imds_requests == 2);
    CHECK(facts.imds_without_header == 1);
    CHECK(facts.imds_answered == 1);
    CHECK(facts.goal_states == 1);
    CHECK(facts.wire_requests == 4);
    REQUIRE(facts.health.size() == 1);
    CHECK(facts.ready_at() == facts.health[0].at);
  }
  const std::string text = composer::read_file(log);
  CHECK(std::count(text.begin(), text.end(), '\n') == 6);
  CHECK(text.find("\x1b") == std::string::npos);
  const auto first = nlohmann::json::parse(text.substr(0, text.find('\n')));
  CHECK(first.at("service") == "imds");
  CHECK(first.at("target") == "/metadata/instance");
  CHECK(first.at("status") == 400);
  CHECK(text.find("\"body\":\"<?xml") != std::string::npos);
}

TEST_CASE("a guest that reports without end is remembered for a while only") {
  RequestRecord record({});
  for (int i = 0; i < 300; ++i) record.add(Service::wire_server, report(health("NotReady")), {});
  CHECK(record.facts().health.size() == 100);
  CHECK_FALSE(record.facts().ready_at());
}
