#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"

namespace composer::rpm {

/// What an .rpm file's own header says that it is.
struct PackageIdentity {
  std::string name;
  std::uint32_t epoch = 0;
  std::string version, release, arch;

  friend bool operator==(const PackageIdentity&, const PackageIdentity&) = default;
};

/// What is known of an .rpm file whose signature is good.
struct SignedPackage {
  PackageIdentity identity;
  std::string key;  ///< Fingerprint of the certificate whose key made the signature.
};

/// Reads the header of an .rpm file, without checking any signature.
///
/// @param name  What errors call the package; empty means the file's name.
/// @throws Error  for a file that is cut short, is no package, or is one of a format that librpm
///                4.18 cannot install.
PackageIdentity read_identity(const std::filesystem::path& package, std::string_view name = {});

/// OpenPGP public keys, and checks against them (librpm's keyring; no gpg, no rpm database). May be
/// used from several threads at once.
class Keyring {
 public:
  /// @throws Error  when a key's armour cannot be read.
  explicit Keyring(const std::vector<PlannedKey>& keys);
  Keyring(Keyring&&) noexcept;
  Keyring& operator=(Keyring&&) noexcept;
  ~Keyring();

  /// Checks the signature of an .rpm file over its header, and that its payload is the one whose
  /// digest stands in that header; so every byte that will be installed is covered.
  ///
  /// @param name  What errors call the package; empty means the file's name.
  /// @returns What the signed header says that the package is, and who signed it.
  /// @throws Error  `package 'x.rpm' is not signed`, `… is signed by the unknown key …`, `… has a
  ///                bad signature`, `… has a payload that does not match its signed header`, and
  ///                what read_identity refuses.
  SignedPackage verify_package(const std::filesystem::path& package,
                               std::string_view name = {}) const;

  /// Checks a detached, armoured or binary, signature of `content`. Where there are several
  /// signatures, one good one is enough and a bad one is an error.
  /// @throws Error  naming `what` and the cause.
  void verify_detached(std::string_view content, std::string_view signature,
                       std::string_view what) const;

 private:
  struct Free {
    void operator()(void*) const;
  };
  std::unique_ptr<void, Free> keyring_;
};

/// The keys in a file, armoured (one block or more, one key or more in each) or binary, with
/// fingerprints. @throws Error when there is none.
std::vector<PlannedKey> read_keys(std::string_view armor, std::string_view source);

}  // namespace composer::rpm
