#include "composer/rpm/signature_armor.h"

#include <catch2/catch.hpp>

#include "composer/error.h"
#include "composer/rpm/keyring.h"

using namespace composer::rpm;

namespace {

// Made once with gpg 2.2.40: an Ed25519 key that signed the six bytes "hello\n".
constexpr std::string_view kKey = R"(-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawPHdRYJKwYBBAHaRw8BAQdA1Z1n7JPIsdGNGZx9RvTfGKjbP6vWQymPnVWT
eisEfwm0A29uZYiQBBMWCAA4FiEEGqaVfOavco+16nhisTewPjZ7soQFAmsDx3UC
GwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQsTewPjZ7soTMCwD9FrUlRckd
v+y+qYpIxo2XZeUkhXC/aok95t1xKLmduZUA/jNac+jMnZT7u1W6kpeWSDOe5Lj2
8RsL5s6OMrgxcYsI
=RMLV
-----END PGP PUBLIC KEY BLOCK-----
)";
constexpr std::string_view kSignature = R"(-----BEGIN PGP SIGNATURE-----

iHUEABYIAB0WIQQappV85q9yj7XqeGKxN7A+NnuyhAUCawPHdgAKCRCxN7A+Nnuy
hAo6AP9PYNRdk5ocNAdABB+sTbeVz+Vc4A0TIISMuntKcJWf2wD/YoV8Y6lGBNY/
LCtuN28aJMkKVQ7sjCA2lN+z9XL7nwo=
=rdos
-----END PGP SIGNATURE-----
)";
constexpr std::string_view kOtherKey = R"(-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawPHdhYJKwYBBAHaRw8BAQdAiPEvfRsupGMkr0B26KZLB2W9cCmdNA7KqaCN
6nRQpWi0A3R3b4iQBBMWCAA4FiEE1nomptXvqy/kGxDht3lIaE7W3JYFAmsDx3YC
GwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQt3lIaE7W3JZ/lQEAqFI8Raf+
Gz0hf4IVgP48gbmEXV31Jpj6k14HRf9Ho2wA/iRtCrkxQuEIOou+oxNh/sIX1Zm5
l7+J8/7XG3+DE1QI
=mTN3
-----END PGP PUBLIC KEY BLOCK-----
)";

}  // namespace

TEST_CASE("what is armoured is read back, whatever its length") {
  for (std::size_t size : {1, 2, 3, 47, 48, 49, 1000}) {
    const std::string packets(size, static_cast<char>(size));
    const std::string armor = write_armor(packets, kArmorSignature);
    CHECK(read_armor(armor, kArmorSignature) == std::vector<std::string>{packets});
    CHECK(read_armor(armor, kArmorPublicKey).empty());
  }
}

TEST_CASE("armour without a CRC is read, with a wrong one not") {
  std::string armor = write_armor("some bytes", kArmorSignature);
  const auto crc = armor.find("\n=") + 1;
  std::string without = armor;
  without.erase(crc, armor.find('\n', crc) - crc + 1);
  CHECK(read_armor(without, kArmorSignature) == std::vector<std::string>{"some bytes"});
  armor[crc + 1] = armor[crc + 1] == 'A' ? 'B' : 'A';
  CHECK(read_armor(armor, kArmorSignature).empty());
}

TEST_CASE("text around a block, header lines and carriage returns are passed over") {
  CHECK(read_armor("some text\r\n-----BEGIN PGP SIGNATURE-----\r\nVersion: x\r\nComment: y\r\n\r\n"
                   "c29tZQ==\r\n-----END PGP SIGNATURE-----\r\nmore",
                   kArmorSignature) == std::vector<std::string>{"some"});
}

TEST_CASE("a block that is cut short is no block") {
  const std::string armor = write_armor(std::string(200, 'x'), kArmorSignature);
  for (std::size_t size = 0; size + 2 < armor.size(); size += 5) {
    CHECK(read_armor(armor.substr(0, size), kArmorSignature).empty());
  }
}

TEST_CASE("a key's fingerprint is read, and its armour is our own") {
  const auto keys = read_keys(kKey, "key.asc");
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].fingerprint == "1AA6957CE6AF728FB5EA7862B137B03E367BB284");
  CHECK(keys[0].source == "key.asc");
  CHECK(keys[0].armor.find("Version") == std::string::npos);
  CHECK(read_keys(keys[0].armor, "x")[0].armor == keys[0].armor);
}

TEST_CASE("a file of several keys gives them all, armoured or not") {
  const auto both = read_keys(std::string(kKey) + std::string(kOtherKey), "keys");
  REQUIRE(both.size() == 2);
  const std::string packets =
      read_armor(kKey, kArmorPublicKey)[0] + read_armor(kOtherKey, kArmorPublicKey)[0];
  CHECK(read_keys(packets, "binary").size() == 2);
  CHECK(read_keys(write_armor(packets, kArmorPublicKey), "one block").size() == 2);
}

TEST_CASE("a file without a key is refused") {
  CHECK_THROWS_WITH(read_keys("<html>", "https://x/key"),
                    "'https://x/key' has no OpenPGP public key");
  CHECK_THROWS_WITH(read_keys(kSignature, "sig"), "'sig' has no OpenPGP public key");
  CHECK_THROWS_WITH(read_keys("", "empty"), "'empty' has no OpenPGP public key");
}

TEST_CASE("a detached signature is good for its content and its key alone") {
  const Keyring keyring(read_keys(kKey, "key.asc"));
  keyring.verify_detached("hello\n", kSignature, "URL");
  keyring.verify_detached("hello\n", read_armor(kSignature, kArmorSignature)[0], "URL");
  CHECK_THROWS_WITH(keyring.verify_detached("hullo\n", kSignature, "URL"),
                    "'URL' has a bad signature");
  CHECK_THROWS_WITH(keyring.verify_detached("hello\n", "nonsense", "URL"),
                    "'URL' has a signature that cannot be read");
  CHECK_THROWS_WITH(keyring.verify_detached("hello\n", "", "URL"),
                    "'URL' has a signature that cannot be read");
  const Keyring other(read_keys(kOtherKey, "other.asc"));
  CHECK_THROWS_WITH(other.verify_detached("hello\n", kSignature, "URL"),
                    "'URL' is signed by the unknown key B137B03E367BB284");
  const Keyring none({});
  CHECK_THROWS_WITH(none.verify_detached("hello\n", kSignature, "URL"),
                    "'URL' is signed by the unknown key B137B03E367BB284");
}

TEST_CASE("of two signatures one good one is enough, and a bad one spoils it") {
  const std::string packet = read_armor(kSignature, kArmorSignature)[0];
  const Keyring keyring(read_keys(kKey, "key.asc"));
  keyring.verify_detached("hello\n", packet + packet, "URL");
  std::string bad = packet;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  CHECK_THROWS_WITH(keyring.verify_detached("hello\n", packet + bad, "URL"),
                    "'URL' has a bad signature");
}

TEST_CASE("a damaged signature never verifies and never crashes") {
  const std::string packet = read_armor(kSignature, kArmorSignature)[0];
  const Keyring keyring(read_keys(kKey, "key.asc"));
  // Bytes of the unhashed area (the issuer's id) are not covered; there the key may become unknown.
  for (std::size_t at = 0; at < packet.size(); ++at) {
    std::string bad = packet;
    bad[at] = static_cast<char>(bad[at] ^ 0x41);
    INFO(at);
    CHECK_THROWS_AS(keyring.verify_detached("hello\n", bad, "URL"), composer::Error);
  }
  for (std::size_t size = 0; size < packet.size(); ++size) {
    CHECK_THROWS_AS(keyring.verify_detached("hello\n", packet.substr(0, size), "URL"),
                    composer::Error);
  }
}
