#include "composer/azure/wire_server.h"

#include <catch2/catch.hpp>

#include "tests/unit/azure/sample.h"

using namespace composer::azure;
using Catch::Matchers::Contains;
using composer::azure::test::get;
using composer::azure::test::sample;

namespace {

const std::multimap<std::string, std::string> kVersion = {{"x-ms-version", "2012-11-30"}};
const std::string kDocuments =
    "/machine/8a3c1f22-0d5e-4c11-8f00-0123456789ab/8a3c1f22-0d5e-4c11-8f00-0123456789ab._vm-1";

Answer ask(const std::string& path, std::multimap<std::string, std::string> query) {
  WireServer server(sample());
  return server.answer(get(path, std::move(query), kVersion));
}

Answer post(const std::string& path, const std::string& component) {
  WireServer server(sample());
  Request request = get(path, {{"comp", component}}, kVersion);
  request.method = "POST";
  return server.answer(request);
}

}  // namespace

TEST_CASE("the wire server says which versions it speaks, without being asked for one") {
  WireServer server(sample());
  const Answer answer = server.answer(get("/", {{"comp", "versions"}}));
  CHECK(answer.status == 200);
  CHECK_THAT(answer.body, Contains("<Preferred><Version>2012-11-30</Version></Preferred>"));
}

TEST_CASE("the goal state points to documents that are there") {
  for (const char* path : {"/machine", "/machine/"}) {
    const Answer answer = ask(path, {{"comp", "goalstate"}});
    REQUIRE(answer.status == 200);
    CHECK_THAT(answer.body, Contains("<Incarnation>1</Incarnation>"));
    CHECK_THAT(answer.body,
               Contains("<ContainerId>8a3c1f22-0d5e-4c11-8f00-0123456789ab</ContainerId>"));
    CHECK_THAT(answer.body,
               Contains("<HostingEnvironmentConfig>http://168.63.129.16:80" + kDocuments +
                        "?comp=config&amp;type=hostingEnvironmentConfig&amp;"
                        "incarnation=1</HostingEnvironmentConfig>"));
    CHECK_THAT(answer.body, Contains("<Certificates>http://168.63.129.16:80" + kDocuments +
                                     "?comp=certificates&amp;incarnation=1</Certificates>"));
  }
  for (const char* type : {"hostingEnvironmentConfig", "sharedConfig", "extensionsConfig"}) {
    const Answer answer =
        ask(kDocuments, {{"comp", "config"}, {"type", type}, {"incarnation", "1"}});
    CHECK(answer.status == 200);
    CHECK_THAT(answer.body, Contains("goalStateIncarnation=\"1\""));
  }
  CHECK(ask(kDocuments, {{"comp", "config"}, {"type", "other"}}).status == 404);
}

TEST_CASE("what belongs to another goal state is gone") {
  CHECK(ask("/machine/other/other", {{"comp", "config"}, {"type", "sharedConfig"}}).status == 410);
  CHECK(ask(kDocuments, {{"comp", "config"}, {"type", "sharedConfig"}, {"incarnation", "2"}})
            .status == 410);
}

TEST_CASE("the wire server refuses what it does not know") {
  WireServer server(sample());
  const Answer unversioned = server.answer(get("/machine", {{"comp", "goalstate"}}));
  CHECK(unversioned.status == 400);
  CHECK_THAT(unversioned.body, Contains("the header x-ms-version must be 2012-11-30"));
  CHECK(ask("/elsewhere", {}).status == 404);
  CHECK(ask("/machine", {{"comp", "other"}}).status == 404);
  CHECK(post("/machine", "other").status == 404);
  Request put = get("/machine", {{"comp", "goalstate"}}, kVersion);
  put.method = "PUT";
  CHECK(server.answer(put).status == 405);
}

TEST_CASE("the wire server takes health, telemetry and role properties") {
  for (const char* component : {"health", "telemetrydata", "roleProperties"}) {
    CHECK(post("/machine", component).status == 200);
    CHECK(post("/machine/", component).status == 200);
  }
}

TEST_CASE("certificates are for those who send theirs") {
  WireServer server(sample());
  CHECK(server.answer(get(kDocuments, {{"comp", "certificates"}}, kVersion)).status == 400);
  auto headers = kVersion;
  headers.emplace("x-ms-guest-agent-public-x509-cert", "bm90IGEgY2VydGlmaWNhdGU=");
  const Answer answer = server.answer(get(kDocuments, {{"comp", "certificates"}}, headers));
  CHECK(answer.status == 400);
  CHECK_THAT(answer.body, Contains("is no certificate of an RSA key"));
}

TEST_CASE("the host plugin is healthy, takes status and logs, and has no fast track") {
  WireServer server(sample());
  CHECK(server.answer_host_plugin(get("/versions")).body == R"(["2015-09-01"])");
  CHECK(server.answer_host_plugin(get("/health")).status == 200);
  CHECK(server.answer_host_plugin(get("/vmSettings")).status == 404);
  Request put = get("/status");
  put.method = "PUT";
  CHECK(server.answer_host_plugin(put).status == 200);
  put.headers.emplace("x-ms-containerid", "another");
  CHECK(server.answer_host_plugin(put).status == 410);
}
