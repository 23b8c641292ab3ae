#include "composer/blueprint/composition_keys.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/schema.h"

// Patterns say no more than the checks that they stand beside: what a check takes, its pattern
// takes. Unicode mode (ajv) has no needless escapes, and counts characters where checks count
// bytes.

namespace composer::blueprint {
namespace {

template <const auto& type>
bool accepts(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.style = Node::Style::quoted;
  node.text = std::move(text);
  const auto read = [&]<typename T>(const Scalar<T>& scalar) {
    T value{};
    return !scalar.read(node, value);
  };
  return read(type);
}

template <const auto& type>
constexpr TextPattern row(std::string_view pattern, std::string_view example) {
  return {&type, pattern, example, accepts<type>};
}

constexpr std::string_view kPackage = "[A-Za-z0-9_@/(*?\\[][^\\n]*";

const TextPattern kPatterns[] = {
    row<kImageName>("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "web"),
    row<kImageVersion>("[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}", "4.0"),
    row<kReleaseVersion>("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "4.0"),
    row<kIdentitySeed>("[^\\n\\t]{1,256}", "web-2026"),
    row<kRepositoryId>("[A-Za-z0-9][A-Za-z0-9._:-]{0,99}", "azurelinux-base"),
    row<kUserName>("[a-z_][a-z0-9_-]{0,30}", "azureuser"),
    row<kGroupName>("[a-z_][a-z0-9_-]{0,30}", "wheel"),
    row<kOutputName>("[A-Za-z0-9][A-Za-z0-9._-]{0,199}", "web.vhd"),
    row<kComment>("[^:\\n\\t]*", "Azure user"),
    row<kSize>("[0-9]+ (KiB|MiB|GiB|TiB)", "5 GiB"),
    row<kPartitionSize>("rest|[0-9]+ (KiB|MiB|GiB|TiB)", "rest"),
    row<kDuration>("[0-9]+ (s|min)", "300 s"),
    row<kMenuTimeout>("[0-9]+ (s|min)", "1 s"),
    row<kFileMode>("[0-7]{4}", "0644"),
    row<kHostname>("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?", "web-1"),
    row<kLocale>("[A-Za-z]{1,8}(_[A-Za-z]+)?(\\.[A-Za-z0-9-]+)?(@[A-Za-z0-9]+)?", "C.UTF-8"),
    row<kTimezone>("[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}", "Europe/Berlin"),
    row<kUnitName>("[A-Za-z0-9:_\\\\-][A-Za-z0-9:_.\\\\@-]*", "sshd.service"),
    row<kTargetName>("[A-Za-z0-9:_\\\\-][A-Za-z0-9:_.\\\\@-]*\\.target", "multi-user.target"),
    row<kLocation>("[^\\s~][^\\s]*", "https://packages.example/base/$basearch"),
    row<kKeyLocation>("[^\\s~][^\\s]*", "keys/RPM-GPG-KEY"),
    row<kMountPoint>("/[^\\n\\t]*", "/var"),
    row<kProgramPath>("/[^:\\n\\t]*", "/bin/bash"),
    row<kFilePath>("/[^\\n\\t]+", "/etc/motd"),
    row<kSourcePath>("[^/~\\n\\t][^\\n\\t]*", "files/motd"),
    row<kPackageRequest>(kPackage, "systemd"),
    row<kPackageGlob>(kPackage, "*-debuginfo"),
    row<kPartitionLabel>("[^\\s/]([^\\n\\t/]*[^\\s/])?", "root"),
    row<kGrownPartition>("[^\\s][^\\n\\t]*", "root"),
    row<kMountOption>("[^\\s\\\\#]+", "noatime"),
    row<kSubvolumeName>("[A-Za-z0-9@._-][A-Za-z0-9@._/-]*", "@home"),
    row<kBtrfsCompression>("zstd(:[0-9]+)?|zlib(:[0-9]+)?|lzo", "zstd:3"),
    row<kMkfsOption>("[!-~]+", "-m"),
    row<kKernelArgument>("[!-~]+", "console=ttyS0"),
    row<kPasswordHash>("\\$(y|6|5|2b)\\$[!-~]+", "$y$j9T$..."),
    row<kTimeServer>("[A-Za-z0-9._:-]+", "time.example.org"),
    row<kInterface>("[A-Za-z0-9*?!._:@\\[\\]-]+", "eth0"),
    row<kInterfaceAddress>("[0-9A-Fa-f.:]+/[0-9]+", "192.0.2.10/24"),
    row<kAddress>("[0-9A-Fa-f.:]+", "192.0.2.1"),
    row<kNetworkName>("[A-Za-z0-9][A-Za-z0-9._-]*", "10-eth0"),
    row<kFirewallEntry>("[A-Za-z0-9][A-Za-z0-9_-]*(/[a-z]+)?", "22/tcp"),
    row<kSudoersName>("[A-Za-z0-9][A-Za-z0-9_-]*", "90-ops"),
    row<kSudoRule>("[^\\n]+", "%ops ALL=(ALL) ALL"),
    row<kDate>("[0-9]{4}-[0-9]{2}-[0-9]{2}", "2027-03-31"),
    row<kKeymap>("[A-Za-z0-9._+-]+", "us"),
    row<kSysctlName>("[A-Za-z0-9._/:@-]+", "net.ipv4.ip_forward"),
    row<kSysctlValue>("[^\\n]*", "1"),
    row<kModuleName>("[A-Za-z0-9_-]+", "loop"),
    row<kUnitFile>("[A-Za-z0-9:_\\\\-][A-Za-z0-9:_.\\\\@-]*", "report.service"),
    row<kDropInName>("[A-Za-z0-9._-]+\\.conf", "50-limits.conf"),
    row<kPreset>("(enable|disable|ignore) [^\\n]+", "enable sshd.service"),
    row<kTmpfilesLine>("[A-Za-z][^\\n]+", "d /run/web 0750 root web -"),
    row<kBlueprintPath>("[^~\\n][^\\n]*", "../base.yaml"),
    row<kScriptName>("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "seed-keys"),
    row<kVariableName>("[A-Za-z_][A-Za-z0-9_]*", "CHANNEL"),
    row<kCertificateName>("[A-Za-z0-9][A-Za-z0-9._-]{0,127}", "company"),
    row<kSelinuxPolicy>("[A-Za-z0-9][A-Za-z0-9_-]{0,127}", "targeted"),
    row<kErasePattern>(kPackage, "vim-*"),
    row<kPackageLocale>("[A-Za-z][A-Za-z0-9_@]*", "en_US"),
    row<kProfileName>("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "fips"),
};

}  // namespace

std::span<const TextPattern> text_patterns() {
  return kPatterns;
}

}  // namespace composer::blueprint
