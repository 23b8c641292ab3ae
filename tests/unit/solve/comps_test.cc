#include "composer/solve/comps.h"

#include <catch2/catch.hpp>

#include "composer/error.h"

using composer::Architecture;
using composer::solve::Comps;

namespace {

std::string names(const Comps& comps, std::string_view pattern) {
  std::string out;
  for (const auto* group : comps.find(pattern)) {
    out += (out.empty() ? "" : " ") + group->id + ":";
    for (const auto& package : group->packages) out += " " + package.name;
  }
  return out;
}

constexpr std::string_view kFirst = R"(<comps>
  <group><id>core</id><name>Core System</name><packagelist>
    <packagereq type="mandatory">bash</packagereq>
    <packagereq type="mandatory" arch="aarch64">arm-only</packagereq>
    <packagereq type="mandatory" arch="x86_64,aarch64">both</packagereq>
  </packagelist></group>
  <group><id>tools</id><name>Tools</name><packagelist>
    <packagereq>vim</packagereq>
  </packagelist></group>
  <environment><id>server</id><name>Server</name>
    <grouplist><groupid>core</groupid></grouplist>
    <optionlist><groupid>tools</groupid></optionlist>
  </environment>
</comps>)";

}  // namespace

TEST_CASE("packages of a group for another architecture are left out") {
  Comps comps(Architecture::x86_64);
  comps.add(kFirst, "comps.xml");
  CHECK(names(comps, "core") == "core: bash both");
}

TEST_CASE("a group is found by id, by name, and by a glob in any case") {
  Comps comps(Architecture::x86_64);
  comps.add(kFirst, "comps.xml");
  CHECK(names(comps, "Core System") == "core: bash both");
  CHECK(names(comps, "TOO*") == "tools: vim");
  CHECK(names(comps, "nothing").empty());
}

TEST_CASE("an environment stands for its mandatory groups") {
  Comps comps(Architecture::x86_64);
  comps.add(kFirst, "comps.xml");
  CHECK(names(comps, "server") == "core: bash both");
}

TEST_CASE("a group of two repositories has the packages of both") {
  Comps comps(Architecture::x86_64);
  comps.add(kFirst, "comps.xml");
  comps.add(
      "<comps><group><id>tools</id><name>Other</name><packagelist>"
      "<packagereq>vim</packagereq><packagereq>nano</packagereq></packagelist></group></comps>",
      "other.xml");
  CHECK(names(comps, "tools") == "tools: vim nano");
}

TEST_CASE("a comps file that is no XML is refused with its line") {
  Comps comps(Architecture::x86_64);
  CHECK_THROWS_WITH(comps.add("<comps>\n<group></comps>", "comps.xml"),
                    "cannot read 'comps.xml': line 2: mismatched tag");
}

TEST_CASE("a document that declares entities is refused") {
  Comps comps(Architecture::x86_64);
  CHECK_THROWS_WITH(comps.add("<!DOCTYPE c [<!ENTITY a \"b\">]>\n<comps>&a;</comps>", "comps.xml"),
                    "cannot read 'comps.xml': line 1: it declares entities");
}

TEST_CASE("a document without end in its depth is refused") {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  Comps comps(Architecture::x86_64);
  CHECK_THROWS_WITH(comps.add(deep, "comps.xml"),
                    "cannot read 'comps.xml': line 1: it is nested too deeply");
}
