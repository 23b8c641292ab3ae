#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"

namespace composer::rpm {

/// OpenPGP public keys, and checks against them (librpm's keyring; no gpg, no rpm database).
class Keyring {
 public:
  /// @throws Error  when a key's armour cannot be read.
  explicit Keyring(const std::vector<PlannedKey>& keys);
  Keyring(Keyring&&) noexcept;
  Keyring& operator=(Keyring&&) noexcept;
  ~Keyring();

  /// Checks the signature of an .rpm file over its header, and the header's digest of the payload.
  /// @throws Error  `package 'x.rpm' is not signed`, `… is signed by unknown key …`, `… has a bad
  ///                signature`.
  void verify_package(const std::filesystem::path& package) const;

  /// Checks a detached, armoured or binary, signature of `content`.
  /// @throws Error  naming `what` and the cause.
  void verify_detached(std::string_view content, std::string_view signature,
                       std::string_view what) const;

 private:
  struct Free {
    void operator()(void*) const;
  };
  std::unique_ptr<void, Free> keyring_;
};

/// The keys in an armoured file (one or more), with fingerprints. @throws Error when there is none.
std::vector<PlannedKey> read_keys(std::string_view armor, std::string_view source);

}  // namespace composer::rpm
