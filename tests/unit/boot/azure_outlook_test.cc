#include "composer/boot/azure_outlook.h"

#include <catch2/catch.hpp>

using namespace composer;
using namespace composer::vm;

namespace {

GuestReport with_unit(const std::string& name, const std::string& active) {
  GuestReport guest;
  guest.units["waagent.service"].load_state = "not-found";
  guest.units[name] = {"loaded", active, "", "success", 0, {}};
  return guest;
}

AzureQuestions asked(AzureAgent agent) {
  AzureQuestions questions;
  questions.agent = agent;
  return questions;
}

}  // namespace

TEST_CASE("a guest that reported that provisioning failed is not waited for") {
  azure::ServiceFacts services;
  services.health = {{"NotReady", "Provisioning", "Starting", 20}};
  CHECK_FALSE(lost_cause(services, 1000));
  services.health.push_back({"NotReady", "ProvisioningFailed", "no", 31.6});
  CHECK(lost_cause(services, 32) == "the guest reported at 32 s that provisioning failed");
  CHECK_FALSE(may_become_ready(asked(AzureAgent::cloud_init), services, GuestReport()));
}

TEST_CASE("a guest that has its metadata and does not find the wire server is given up") {
  azure::ServiceFacts services;
  services.imds_requests = 1;
  CHECK_FALSE(lost_cause(services, 1000));
  services.imds_answered_at = 40;
  CHECK_FALSE(lost_cause(services, 130));
  CHECK(lost_cause(services, 131) ==
        "the guest has its metadata for 90 s and does not reach the wire server");
  services.wire_requests = 1;
  CHECK_FALSE(lost_cause(services, 1000));
}

TEST_CASE("a guest that IMDS refuses again and again is given up") {
  azure::ServiceFacts services;
  services.imds_asked_at = 40;
  services.imds_requests = 19;
  CHECK_FALSE(lost_cause(services, 1000));
  services.imds_requests = 20;
  CHECK_FALSE(lost_cause(services, 100));
  CHECK(lost_cause(services, 101) == "IMDS refused the guest's requests for 60 s");
  services.imds_answered = 1;
  CHECK_FALSE(lost_cause(services, 101));
}

TEST_CASE("cloud-init that asked nothing during the start will not report") {
  azure::ServiceFacts services;
  const AzureQuestions questions = asked(AzureAgent::cloud_init);
  const GuestReport guest = with_unit("cloud-init-local.service", "active");
  CHECK_FALSE(may_become_ready(questions, services, guest));
  services.wire_requests = 1;
  CHECK(may_become_ready(questions, services, guest));
}

TEST_CASE("walinuxagent that runs may still report, and one that does not run will not") {
  const azure::ServiceFacts services;
  const AzureQuestions questions = asked(AzureAgent::waagent);
  CHECK(may_become_ready(questions, services, with_unit("waagent.service", "active")));
  CHECK(may_become_ready(questions, services, with_unit("walinuxagent.service", "activating")));
  CHECK_FALSE(may_become_ready(questions, services, with_unit("waagent.service", "inactive")));
  CHECK_FALSE(may_become_ready(questions, services, with_unit("waagent.service", "failed")));
  CHECK_FALSE(may_become_ready(questions, services, with_unit("sshd.service", "active")));
}
