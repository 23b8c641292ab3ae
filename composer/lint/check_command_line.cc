#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Groups 10 to 13: what the boot entries tell the kernel.

namespace composer::lint {
namespace {

/// One finding for each boot entry of which `wrong` says something.
template <typename Wrong>
Verdict for_each_entry(const Examination& examination, Wrong&& wrong) {
  const BootEntries& entries = examination.system.boot_entries();
  if (entries.entries.empty()) {
    return skipped("there is no boot entry whose arguments could be read");
  }
  std::vector<std::string> found;
  for (const BootEntry& entry : entries.entries) {
    if (const std::string what = wrong(entry); !what.empty()) {
      const std::string line = fmt::format("{}: {}", entry.place, what);
      // GRUB's one file has an entry for every kernel, often with the same arguments.
      if (std::find(found.begin(), found.end(), line) == found.end()) found.push_back(line);
    }
  }
  return failed_if(std::move(found));
}

bool is_arm(const Examination& examination) {
  return examination.system.architecture() == "aarch64";
}

Verdict without_arguments(const Examination& examination,
                          std::initializer_list<std::string_view> unwanted) {
  return for_each_entry(examination, [&](const BootEntry& entry) {
    std::string list;
    for (const std::string_view argument : unwanted) {
      if (!entry.has(argument)) continue;
      list += fmt::format("{}{}", list.empty() ? "" : ", ", argument);
    }
    return list.empty() ? list : "the kernel gets " + list;
  });
}

}  // namespace

Verdict check_serial_console(const Examination& examination) {
  const std::string_view port = is_arm(examination) ? "ttyAMA0" : "ttyS0";
  return for_each_entry(examination, [&](const BootEntry& entry) {
    for (const std::string& console : entry.values("console")) {
      // `ttyS0,115200n8` is the same port.
      if (std::string_view(console).substr(0, console.find(',')) == port) return std::string();
    }
    return fmt::format("there is no console={}", port);
  });
}

Verdict check_early_printk(const Examination& examination) {
  if (is_arm(examination)) return inapplicable("arm64 has no earlyprintk");
  return for_each_entry(examination, [](const BootEntry& entry) {
    for (const std::string& value : entry.values("earlyprintk")) {
      // `serial,ttyS0,115200`, too; without a port `serial` is ttyS0.
      if (value.find("ttyS0") != std::string::npos || value == "serial") return std::string();
    }
    return std::string("there is no earlyprintk=ttyS0");
  });
}

Verdict check_root_delay(const Examination& examination) {
  return for_each_entry(examination, [](const BootEntry& entry) {
    return entry.values("rootdelay").empty() ? std::string("there is no rootdelay") : std::string();
  });
}

Verdict check_interface_names(const Examination& examination) {
  return for_each_entry(examination, [](const BootEntry& entry) {
    return entry.has("net.ifnames=0") ? std::string() : std::string("there is no net.ifnames=0");
  });
}

Verdict check_no_quiet_boot(const Examination& examination) {
  return without_arguments(examination, {"rhgb", "quiet", "crashkernel=auto"});
}

Verdict check_provisioning_medium_visible(const Examination& examination) {
  return without_arguments(examination, {"libata.atapi_enabled=0", "reserve=0x1f0,0x8"});
}

Verdict check_root_by_identity(const Examination& examination) {
  return for_each_entry(examination, [](const BootEntry& entry) {
    for (const std::string& value : entry.values("root")) {
      if (is_device_name(value)) return fmt::format("the root is root={}", shown(value));
    }
    return std::string();
  });
}

Verdict check_fips_argument(const Examination& examination) {
  System& system = examination.system;
  // The file begins with comments.
  const std::string policies = system.text("/etc/crypto-policies/config").value_or("");
  const auto said = settings_of(policies);
  const bool policy = !said.empty() && said.back().starts_with("FIPS");
  const bool image = policy || system.exists("/etc/system-fips") ||
                     // Where packages are not rpm's there is none of that name.
                     (examination.subject.packages && system.package({"dracut-fips"}) != nullptr);
  return for_each_entry(examination, [&](const BootEntry& entry) {
    const auto values = entry.values("fips");
    const bool on = !values.empty() && values.back() != "0";
    if (on == image) return std::string();
    return std::string(on ? "the kernel gets fips=1, and the image is no FIPS image"
                          : "the image is a FIPS image, and the kernel gets no fips=1");
  });
}

Verdict check_no_zram_argument(const Examination& examination) {
  return for_each_entry(examination, [](const BootEntry& entry) {
    for (const std::string& argument : entry.arguments) {
      const std::string_view off = argument.starts_with("systemd.zram=")
                                       ? std::string_view(argument).substr(13)
                                       : std::string_view();
      if (off == "0" || off == "no" || off == "off" || off == "false") continue;
      if (argument.starts_with("systemd.zram")) {
        return fmt::format("the kernel gets {}", shown(argument));
      }
    }
    return std::string();
  });
}

Verdict check_grub_config_private(const Examination& examination) {
  const ReadRoot& root = examination.system.root();
  std::vector<std::string> found;
  bool any = false;
  for (const char* path : {"/boot/grub2/grub.cfg", "/boot/grub2/grubenv"}) {
    const auto status = root.status(path);
    if (!status) continue;
    any = true;
    if ((status->mode & 0177) != 0 || status->uid != 0 || status->gid != 0) {
      found.push_back(fmt::format("{} has mode {:04o}, owner {}:{}", path, status->mode,
                                  status->uid, status->gid));
    }
  }
  if (!any) return inapplicable("the image has no configuration of GRUB in /boot/grub2");
  return failed_if(std::move(found));
}

}  // namespace composer::lint
