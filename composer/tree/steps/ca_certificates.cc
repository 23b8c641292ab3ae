#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// Authorities are dropped where the image's tool looks for them, and the tool makes its bundles of
// them: update-ca-trust(8) of Fedora and Azure Linux; update-ca-certificates(8) of Debian, which
// the lab's packages are made from, reads another folder.

namespace composer::tree::ca_certificates {
namespace {

constexpr std::string_view kAnchors = "/etc/pki/ca-trust/source/anchors";

struct TrustTool {
  std::array<std::string_view, 2> paths;
  std::string_view folder;  ///< Empty: kAnchors.
};
constexpr std::array kTools{
    TrustTool{{"/usr/bin/update-ca-trust", "/usr/sbin/update-ca-trust"}, {}},
    TrustTool{{"/usr/sbin/update-ca-certificates", "/usr/bin/update-ca-certificates"},
              "/usr/local/share/ca-certificates"},
};

std::string anchor_of(const PlannedCaCertificate& certificate) {
  return fmt::format("{}/{}.pem", kAnchors, certificate.name);
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.ca_certificates.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> lines;
  for (const PlannedCaCertificate& certificate : plan.system.ca_certificates) {
    lines.push_back(fmt::format("trust {} ({})", anchor_of(certificate),
                                to_text(Bytes{certificate.content.size()})));
  }
  lines.emplace_back("run update-ca-trust");
  return lines;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  for (const TrustTool& tool : kTools) {
    for (const std::string_view path : tool.paths) {
      if (!root.exists(path)) continue;
      for (const PlannedCaCertificate& certificate : plan.system.ca_certificates) {
        write_with_parents(root, anchor_of(certificate), certificate.content);
        if (tool.folder.empty()) continue;
        link_with_parents(root, anchor_of(certificate),
                          fmt::format("{}/{}.crt", tool.folder, certificate.name));
      }
      RootCommand command{{std::string(path)}};
      progress.command(command.arguments);
      run_checked(root, command);
      return;
    }
  }
  throw Error(ErrorKind::build, "the image has no 'update-ca-trust', which makes its bundles",
              "add 'ca-certificates' to packages.install");
}

}  // namespace composer::tree::ca_certificates
