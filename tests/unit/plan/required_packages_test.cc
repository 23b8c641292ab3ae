#include "composer/plan/required_packages.h"

#include <catch2/catch.hpp>

#include "composer/error.h"

using namespace composer;

namespace {

Plan plan_of(const std::vector<std::string>& packages) {
  Plan plan;
  plan.disk.partitions.emplace_back();
  for (const std::string& name : packages) plan.packages.push_back({.name = name});
  return plan;
}

std::vector<std::string> problems(const Blueprint& blueprint, const Plan& plan) {
  try {
    check_required_packages(blueprint, plan);
  } catch (const Error& error) {
    std::vector<std::string> messages;
    for (const Problem& problem : error.problems()) messages.push_back(problem.message);
    return messages;
  }
  return {};
}

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("what boots from a disk needs a kernel and dracut in its plan") {
  Blueprint blueprint;
  CHECK(problems(blueprint, plan_of({"kernel-core", "dracut"})).empty());
  CHECK(problems(blueprint, plan_of({"bash", "kernelshark"})) ==
        Messages{"the image cannot boot: no package of it is a kernel",
                 "the image cannot boot: 'dracut', which makes its initramfs, is not installed"});
  Plan packaged = plan_of({"kernel-uki-virt"});
  packaged.boot.loader = Loader::uki;
  CHECK(problems(blueprint, packaged) ==
        Messages{"the image cannot boot: 'dracut', which makes its initramfs, is not installed"});
  packaged.boot.uki = UkiSource::packaged;
  CHECK(problems(blueprint, packaged).empty());
  CHECK(problems(blueprint, Plan()).empty());
}

TEST_CASE("an initramfs of systemd needs no dracut") {
  Plan plan = plan_of({"kernel-core"});
  plan.boot.initramfs = InitramfsMaker::systemd;
  CHECK(problems(Blueprint(), plan).empty());
}

TEST_CASE("the firewall that is asked for has to be installed") {
  Blueprint blueprint;
  blueprint.system.firewall.emplace().backend.emplace().value = FirewallBackend::nftables;
  CHECK(problems(blueprint, plan_of({"kernel", "dracut", "firewalld"})) ==
        Messages{"the firewall 'nftables' is not installed"});
  CHECK(problems(blueprint, plan_of({"kernel", "dracut", "nftables"})).empty());
}
