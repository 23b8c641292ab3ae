#pragma once

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <string>

#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"

namespace composer::test {

/// Builds packages of a few lines with rpmbuild.
class TinyRpms {
 public:
  /// `name-VERSION-1.noarch`. `spec` is what follows the preamble: tags, then sections.
  std::filesystem::path build(const std::string& name, const std::string& spec,
                              const std::string& version = "1") const {
    const std::filesystem::path file = scratch_.path() / (name + ".spec");
    std::ofstream(file) << "Name: " << name << "\nVersion: " << version
                        << "\nRelease: 1\nSummary: test\nLicense: MIT\n"
                           "BuildArch: noarch\nAutoReqProv: no\n"
                        << spec;
    SilentProgress progress;
    const std::string top = scratch_.path().string();
    host::CommandRunner(progress).check(
        {{"rpmbuild", "-bb", "--quiet", "--define", "_topdir " + top, "--define",
          "__os_install_post %{nil}", "--define", "_binary_payload w1.gzdio", "--define",
          "_build_id_links none", "--define", "source_date_epoch_from_changelog 0", "--define",
          "use_source_date_epoch_as_buildtime 1", "--define", "_buildhost test", file.string()},
         {},
         {"SOURCE_DATE_EPOCH=1600000000"}});
    return scratch_.path() / "RPMS" / "noarch" / (name + "-" + version + "-1.noarch.rpm");
  }

  /// Provides the interpreters that the root has without any package.
  std::filesystem::path shell() const {
    return build("shell", "Provides: /bin/sh\n%description\n%files\n");
  }

 private:
  ScratchFolder scratch_;
};

}  // namespace composer::test
