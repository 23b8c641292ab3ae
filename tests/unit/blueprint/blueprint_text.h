#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "composer/blueprint.h"

// A good blueprint, and what is said when something in it is changed.

namespace composer::test {

inline const std::string kGood = R"(blueprint: 1
name: web
version: 4.0
arch: x86_64
repositories:
  - id: base
    baseurl: /srv/base
    gpgkey: base.asc
packages:
  install: [kernel, bash]
disk:
  table: gpt
  size: 4 GiB
  partitions:
    - {label: bios, type: bios-boot, size: 1 MiB}
    - {label: esp, type: esp, size: 100 MiB, filesystem: vfat, mount: /boot/efi}
    - {label: data, type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data}
    - {label: root, type: root, size: rest, filesystem: ext4, mount: /}
boot:
  firmware: both
system:
  hostname: web
outputs:
  - {format: qcow2}
)";

/// The good blueprint with the first `from` replaced by `to`.
inline std::string with(const std::string& from, const std::string& to, std::string text = kGood) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The good blueprint and more keys at its end.
inline std::string and_also(const std::string& more) {
  return kGood + more;
}

/// Each problem of a blueprint as `line: message [hint]`, in order.
inline std::vector<std::string> problems_of(const std::string& text) {
  try {
    parse_blueprint(text, "web.yaml");
    return {};
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    std::vector<std::string> out;
    for (const Problem& problem : error.problems()) {
      out.push_back(std::to_string(problem.at.line) + ": " + problem.message + " [" + problem.hint +
                    "]");
    }
    return out;
  }
}

using Problems = std::vector<std::string>;

}  // namespace composer::test
