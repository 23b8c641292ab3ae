#pragma once

#include <string>
#include <string_view>
#include <vector>

// What makes the guest say how its start went, without a trace in the image: systemd credentials in
// SMBIOS type 11 strings (systemd >= 256: systemd.extra-unit.*, systemd.unit-dropin.*), which bring
// a unit and its script. docs/boot-testing.md describes the records that the script sends.

namespace composer::vm {

/// What the guest is asked about. All are systemd unit names.
struct GuestQuestions {
  std::string target;
  std::vector<std::string> services;
  std::vector<std::string> observed;  ///< Whose state is told, whatever it is.
};

/// One systemd credential.
struct Credential {
  std::string name;
  std::string content;

  friend bool operator==(const Credential&, const Credential&) = default;
};

/// True for a name that systemd accepts for a unit: letters, digits and `:-_.\@`, a known suffix,
/// at most 255 bytes.
bool is_unit_name(std::string_view name);

/// The script that runs in the guest: POSIX shell, systemctl, sleep, and journalctl and stty where
/// they are there.
/// @throws Error  of kind usage when a name in `questions` is no unit name.
std::string guest_script(const GuestQuestions& questions);

/// The credentials of a boot whose report is recognised by `nonce`.
/// @throws Error  as `guest_script`.
std::vector<Credential> guest_credentials(const GuestQuestions& questions, std::string_view nonce);

/// A credential as an SMBIOS type 11 string: `io.systemd.credential.binary:NAME=BASE64`.
/// Source: systemd.system-credentials(7), systemd(1) "credentials from SMBIOS OEM strings".
std::string smbios_string(const Credential& credential);

}  // namespace composer::vm
