#include "composer/azure/imds.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/azure/sample.h"

using namespace composer::azure;
using composer::azure::test::get;
using composer::azure::test::sample;
using nlohmann::json;

namespace {

const std::multimap<std::string, std::string> kHeader = {{"metadata", "true"}};

Answer ask(std::string path, std::multimap<std::string, std::string> query = {
                                 {"api-version", "2021-08-01"}, {"extended", "true"}}) {
  return answer_imds(sample(), get(std::move(path), std::move(query), kHeader));
}

}  // namespace

TEST_CASE("IMDS gives the fields that agents read of an instance") {
  const Answer answer = ask("/metadata/instance");
  REQUIRE(answer.status == 200);
  CHECK(answer.content_type == "application/json; charset=utf-8");
  const json all = json::parse(answer.body);
  const json& compute = all.at("compute");
  CHECK(compute.at("osProfile").at("computerName") == "vm-1");
  CHECK(compute.at("osProfile").at("adminUsername") == "tester");
  CHECK(compute.at("osProfile").at("disablePasswordAuthentication") == "true");
  CHECK(compute.at("publicKeys").at(0).at("keyData") == "ssh-ed25519 AAAAC3Nz image-composer");
  CHECK(compute.at("publicKeys").at(0).at("path") == "/home/tester/.ssh/authorized_keys");
  CHECK(compute.at("vmId") == "8a3c1f22-0d5e-4c11-8f00-0123456789ab");
  const json& interface = all.at("network").at("interface").at(0);
  CHECK(interface.at("macAddress") == "000D3A102030");
  CHECK(interface.at("ipv4").at("ipAddress").at(0).at("privateIpAddress") == "168.10.0.4");
}

TEST_CASE("IMDS refuses a request without its header, whatever is asked") {
  for (const char* path : {"/metadata/instance", "/metadata/versions", "/metadata/nothing"}) {
    const Answer answer = answer_imds(sample(), get(path, {{"api-version", "2021-08-01"}}));
    CHECK(answer.status == 400);
    CHECK(answer.body == R"({"error":"Bad request. Required metadata header not specified"})");
  }
  CHECK(answer_imds(sample(), get("/metadata/versions", {}, {{"metadata", "false"}})).status ==
        400);
  CHECK(answer_imds(sample(), get("/metadata/versions", {}, {{"metadata", "True"}})).status == 200);
}

TEST_CASE("IMDS refuses what a proxy forwarded") {
  const Answer answer = answer_imds(
      sample(),
      get("/metadata/versions", {}, {{"metadata", "true"}, {"x-forwarded-for", "10.0.0.9"}}));
  CHECK(answer.status == 400);
  CHECK(answer.body.find("X-Forwarded-For") != std::string::npos);
}

TEST_CASE("IMDS names the versions it knows, and wants one of them") {
  const json versions = json::parse(ask("/metadata/versions", {}).body).at("apiVersions");
  CHECK(std::find(versions.begin(), versions.end(), "2021-08-01") != versions.end());
  const Answer none = ask("/metadata/instance", {});
  CHECK(none.status == 400);
  CHECK(json::parse(none.body).at("newest-versions").size() == 3);
  CHECK(ask("/metadata/instance", {{"api-version", "1999-01-01"}}).status == 400);
}

TEST_CASE("parts of the metadata can be asked for, leaves as text") {
  const std::multimap<std::string, std::string> text = {{"api-version", "2021-08-01"},
                                                        {"format", "text"}};
  CHECK(ask("/metadata/instance/compute/name", text).body == "vm-1");
  CHECK(ask("/metadata/instance/network/interface/0/macAddress", text).body == "000D3A102030");
  CHECK(ask("/metadata/instance/network/interface/1/macAddress", text).status == 404);
  CHECK(ask("/metadata/instance/network/interface/99999999999999999999", text).status == 404);
  CHECK(ask("/metadata/instance/compute/nothing", text).status == 404);
  CHECK(ask("/metadata/instance/compute/name").status == 400);
  CHECK(json::parse(ask("/metadata/instance/compute/osProfile").body).at("adminUsername") ==
        "tester");
  CHECK(ask("/metadata/instance/network", text).body == "interface/\n");
  CHECK(ask("/metadata/instances").status == 404);
}

TEST_CASE("IMDS has no events, no identity, and nothing else") {
  CHECK(ask("/metadata/scheduledevents").body == R"({"DocumentIncarnation":1,"Events":[]})");
  CHECK(ask("/metadata/identity/oauth2/token").status == 400);
  CHECK(ask("/metadata/attested/document").status == 404);
  CHECK(ask("/").status == 404);
  Request post = get("/metadata/instance", {{"api-version", "2021-08-01"}}, kHeader);
  post.method = "POST";
  CHECK(answer_imds(sample(), post).status == 405);
}
