#include "composer/azure/wire_server.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "composer/base/xml_text.h"

namespace composer::azure {
namespace {

/// The only version of the protocol that agents of the last ten years speak.
constexpr std::string_view kVersion = "2012-11-30";

Answer xml(std::string body) {
  return {200, "text/xml; charset=utf-8", R"(<?xml version="1.0" encoding="utf-8"?>)" + body, {}};
}

Answer error(int status, std::string_view code, std::string_view message) {
  Answer answer = xml(
      fmt::format("<Error><Code>{}</Code><Message>{}</Message></Error>", code, xml_text(message)));
  answer.status = status;
  return answer;
}

Answer versions() {
  return xml(
      fmt::format("<Versions><Preferred><Version>{0}</Version></Preferred><Supported>"
                  "<Version>2015-04-05</Version><Version>{0}</Version></Supported>"
                  "</Versions>",
                  kVersion));
}

/// No extensions, and no agent to download: the guest runs what its image has.
std::string extensions_config() {
  return "<Extensions version=\"1.0.0.0\" goalStateIncarnation=\"1\">"
         "<GuestAgentExtension xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\">"
         "<GAFamilies/></GuestAgentExtension>"
         "<Plugins/><PluginSettings/></Extensions>";
}

std::string hosting_environment(const VirtualMachine& machine, std::string_view instance) {
  return fmt::format(
      "<HostingEnvironmentConfig version=\"1.0.0.0\" goalStateIncarnation=\"1\">"
      "<StoredCertificates/>"
      "<Deployment name=\"{0}\" guid=\"{{{1}}}\" incarnation=\"1\">"
      "<Service name=\"image-composer\" guid=\"{{{1}}}\"/>"
      "<ServiceInstance name=\"image-composer\" guid=\"{{{1}}}\"/></Deployment>"
      "<Incarnation number=\"1\" instance=\"{2}\" guid=\"{{{1}}}\"/>"
      "<Role guid=\"{{{1}}}\" name=\"{0}\" settleTimeSeconds=\"0\"/>"
      "<HostingEnvironmentSettings name=\"full\" Runtime=\"rd_fabric_stable\"><CAS mode=\"full\"/>"
      "<PrivilegeLevel mode=\"max\"/></HostingEnvironmentSettings>"
      "<ApplicationSettings/><ResourceReferences/></HostingEnvironmentConfig>",
      xml_text(machine.host_name), machine.vm_id, instance);
}

std::string shared_config(const VirtualMachine& machine, std::string_view instance) {
  return fmt::format(
      "<SharedConfig version=\"1.0.0.0\" goalStateIncarnation=\"1\">"
      "<Deployment name=\"{0}\" guid=\"{{{1}}}\" incarnation=\"1\">"
      "<Service name=\"image-composer\" guid=\"{{{1}}}\"/>"
      "<ServiceInstance name=\"image-composer\" guid=\"{{{1}}}\"/></Deployment>"
      "<Incarnation number=\"1\" instance=\"{2}\" guid=\"{{{1}}}\"/>"
      "<Role guid=\"{{{1}}}\" name=\"{0}\" settleTimeSeconds=\"0\"/>"
      "<LoadBalancerSettings timeoutSeconds=\"0\" waitLoadBalancerProbeCount=\"8\"><Probes/>"
      "</LoadBalancerSettings><OutputEndpoints/>"
      "<Instances><Instance id=\"{2}\" address=\"{3}\"><FaultDomains randomId=\"0\" updateId=\"0\" "
      "updateCount=\"0\"/></Instance></Instances></SharedConfig>",
      xml_text(machine.host_name), machine.vm_id, instance, machine.address);
}

bool is_machine(std::string_view path) {
  return path == "/machine" || path == "/machine/";
}

}  // namespace

WireServer::WireServer(VirtualMachine machine)
    : machine_(std::move(machine)), container_(machine_.vm_id) {
  instance_ = fmt::format("{}._{}", machine_.vm_id, machine_.host_name);
}

std::string WireServer::goal_state() const {
  const auto document = [&](std::string_view rest) {
    return xml_text(fmt::format("http://{}:80/machine/{}/{}?{}&incarnation=1", kWireServerAddress,
                                container_, instance_, rest));
  };
  const auto config = [&](std::string_view type) {
    return document(fmt::format("comp=config&type={}", type));
  };
  return fmt::format(
      "<GoalState xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"
      "<Version>{0}</Version><Incarnation>1</Incarnation>"
      "<Machine><ExpectedState>Started</ExpectedState>"
      "<StopRolesDeadlineHint>300000</StopRolesDeadlineHint>"
      "<LBProbePorts><Port>16001</Port></LBProbePorts>"
      "<ExpectHealthReport>FALSE</ExpectHealthReport></Machine>"
      "<Container><ContainerId>{1}</ContainerId><RoleInstanceList><RoleInstance>"
      "<InstanceId>{2}</InstanceId><State>Started</State><Configuration>"
      "<HostingEnvironmentConfig>{3}</HostingEnvironmentConfig>"
      "<SharedConfig>{4}</SharedConfig><ExtensionsConfig>{5}</ExtensionsConfig>"
      "<FullConfig>{6}</FullConfig><Certificates>{7}</Certificates>"
      "<ConfigName>{1}.0.{1}.0.{2}.1.xml</ConfigName>"
      "</Configuration></RoleInstance></RoleInstanceList></Container></GoalState>",
      kVersion, container_, xml_text(instance_), config("hostingEnvironmentConfig"),
      config("sharedConfig"), config("extensionsConfig"), config("fullConfig"),
      document("comp=certificates"));
}

Answer WireServer::configuration(const Request& request) {
  const std::string type = request.parameter("type");
  if (type == "hostingEnvironmentConfig") return xml(hosting_environment(machine_, instance_));
  if (type == "sharedConfig") return xml(shared_config(machine_, instance_));
  if (type == "extensionsConfig" || type == "fullConfig") return xml(extensions_config());
  return error(404, "ResourceNotFound", "there is no such configuration");
}

Answer WireServer::certificates(const Request& request) {
  const std::string certificate = request.header("x-ms-guest-agent-public-x509-cert");
  if (certificate.empty()) {
    return error(400, "MissingRequiredHeader", "x-ms-guest-agent-public-x509-cert is missing");
  }
  const std::lock_guard lock(mutex_);
  if (!certificate_) certificate_.emplace();
  const std::optional<std::string> sealed = certificate_->seal_for(certificate);
  if (!sealed) {
    return error(400, "InvalidHeaderValue",
                 "x-ms-guest-agent-public-x509-cert is no certificate of an RSA key");
  }
  return xml(
      fmt::format("<CertificateFile><Version>{}</Version><Incarnation>1</Incarnation>"
                  "<Format>Pkcs7BlobWithPfxContents</Format><Data>{}</Data>"
                  "</CertificateFile>",
                  kVersion, *sealed));
}

Answer WireServer::answer(const Request& request) {
  const std::string wanted = request.parameter("comp");
  if (request.path == "/" && wanted == "versions") return versions();
  if (request.path != "/machine" && !request.path.starts_with("/machine/")) {
    return error(404, "ResourceNotFound", "there is no such resource");
  }
  if (request.header("x-ms-version") != kVersion) {
    return error(400, "InvalidVersion",
                 fmt::format("the header x-ms-version must be {}", kVersion));
  }
  if (request.method == "POST" && is_machine(request.path)) {
    // The record has read the body; telemetry and host keys are taken and forgotten.
    if (wanted == "health" || wanted == "telemetrydata" || wanted == "roleProperties") {
      return {200, "text/plain", "", {}};
    }
    return error(404, "ResourceNotFound", "there is nothing to post here");
  }
  if (request.method != "GET") return error(405, "MethodNotAllowed", "only GET and POST are known");
  if (is_machine(request.path)) {
    if (wanted == "goalstate") return xml(goal_state());
    return error(404, "ResourceNotFound", "there is no such component");
  }
  // A container or an incarnation that is gone is what makes an agent ask for the goal state again.
  if (request.path != fmt::format("/machine/{}/{}", container_, instance_) ||
      (!request.parameter("incarnation").empty() && request.parameter("incarnation") != "1")) {
    return error(410, "ResourceNotAvailable", "the goal state has changed");
  }
  if (wanted == "config") return configuration(request);
  if (wanted == "certificates") return certificates(request);
  return error(404, "ResourceNotFound", "there is no such component");
}

Answer WireServer::answer_host_plugin(const Request& request) const {
  const auto json = [](const nlohmann::json& body) {
    return Answer{200, "application/json; charset=utf-8", body.dump(), {}};
  };
  const bool reads = request.method == "GET";
  if (reads && request.path == "/versions") {
    return json(nlohmann::json::array({"2015-09-01"}));
  }
  if (reads && request.path == "/health") return {200, "text/plain", "", {}};
  const std::string container = request.header("x-ms-containerid");
  if (!container.empty() && container != container_) {
    return json_error(410, "the container has changed");
  }
  if (!reads &&
      (request.path == "/status" || request.path == "/vmAgentLog" || request.path == "/health")) {
    return {200, "text/plain", "", {}};
  }
  // A host without "fast track": agents then read the goal state's extensions configuration. The
  // settings of that way are for extensions alone, and this machine has none.
  if (reads && request.path == "/vmSettings") return json_error(404, "vmSettings is not supported");
  return json_error(404, "there is no such resource");
}

}  // namespace composer::azure
