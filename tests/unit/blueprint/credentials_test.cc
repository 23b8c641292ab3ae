#include <catch2/catch.hpp>
#include <vector>

#include "composer/base/base64.h"

#include "scalar_reading.h"

using namespace composer;
using namespace composer::blueprint;
using composer::test::value_of;
using composer::test::verdict;

namespace {

const std::string kSha512Digest(86, 'a');
const std::string kShortDigest(43, 'b');

std::string string_of(std::string_view bytes) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift);
  return out.append(bytes);
}

/// A line of a .pub file whose blob holds `parts`.
std::string key_line(std::string_view type, const std::vector<std::string>& parts) {
  std::string blob;
  for (const std::string& part : parts) blob += string_of(part);
  return std::string(type) + " " + base64_encode(blob) + " somebody";
}

}  // namespace

TEST_CASE("hashes of crypt(5)'s good methods are accepted") {
  CHECK(verdict(kPasswordHash, "$y$j9T$saltsalt$" + kShortDigest) == "ok");
  CHECK(verdict(kPasswordHash, "$gy$j9T$saltsalt$" + kShortDigest) == "ok");
  CHECK(verdict(kPasswordHash, "$6$saltsalt$" + kSha512Digest) == "ok");
  CHECK(verdict(kPasswordHash, "$6$rounds=656000$saltsalt$" + kSha512Digest) == "ok");
  CHECK(verdict(kPasswordHash, "$5$saltsalt$" + kShortDigest) == "ok");
  CHECK(verdict(kPasswordHash, "$2b$12$" + std::string(53, 'c')) == "ok");
}

TEST_CASE("passwords that are no good hashes are refused, and not repeated") {
  const std::string make = " [make one with 'mkpasswd -m yescrypt' or 'openssl passwd -6']";
  CHECK(verdict(kPasswordHash, "hunter2") ==
        "this is plain text or a DES hash, not a password hash as in crypt(5)" + make);
  CHECK(verdict(kPasswordHash, "rEK1ecacw.7.c") ==
        "this is plain text or a DES hash, not a password hash as in crypt(5)" + make);
  CHECK(verdict(kPasswordHash, "$1$abcdefgh$0123456789012345678901") ==
        "password hash of a method that is easily broken (MD5, SHA-1, NT)" + make);
  CHECK(verdict(kPasswordHash, "$9$x$y") == "password hash of an unknown method" + make);
  CHECK(verdict(kPasswordHash, "!") ==
        "no password hash [leave 'password_hash' out: the password is locked then]");
  const std::vector<std::string> damaged = {
      "$6$saltsalt$short",
      "$6$saltsalt$" + kSha512Digest + "x",
      "$6$" + kSha512Digest,
      "$6$salt salt$" + kSha512Digest,
      "$6$saltsalt$" + std::string(86, ':'),
      "$y$j9T$" + kShortDigest,
      "$2b$xx$" + std::string(53, 'c'),
      "$2b$12$" + std::string(52, 'c'),
      "$6$",
  };
  for (const std::string& text : damaged) {
    CAPTURE(text);
    CHECK(verdict(kPasswordHash, text).find("is cut short or damaged [copy the whole hash") !=
          std::string::npos);
  }
  CHECK(kPasswordHash.secrecy == Secrecy::secret);
}

TEST_CASE("ssh keys of every good type are accepted") {
  const std::string point(65, '\4'), key32(32, 'k'), exponent("\1\0\1", 3);
  const std::vector<std::string> good = {
      key_line("ssh-ed25519", {"ssh-ed25519", key32}),
      key_line("ssh-rsa", {"ssh-rsa", exponent, std::string(1, '\0') + std::string(256, '\x80')}),
      key_line("ecdsa-sha2-nistp256", {"ecdsa-sha2-nistp256", "nistp256", point}),
      key_line("sk-ssh-ed25519@openssh.com", {"sk-ssh-ed25519@openssh.com", key32, "ssh:"}),
      key_line("sk-ecdsa-sha2-nistp256@openssh.com",
               {"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point, "ssh:"}),
  };
  for (const std::string& line : good) {
    CAPTURE(line);
    CHECK(verdict(kSshKey, line) == "ok");
  }
  CHECK(value_of(kSshKey, good[0] + "\n") == good[0]);
}

TEST_CASE("ssh keys that are not what they say are refused") {
  const std::string key32(32, 'k');
  const std::string line = key_line("ssh-ed25519", {"ssh-ed25519", key32});
  const std::string damaged =
      "ssh key of type 'ssh-ed25519' is cut short or damaged [copy the whole line of the .pub "
      "file]";
  CHECK(verdict(kSshKey, key_line("ssh-ed25519", {"ssh-ed25519", std::string(31, 'k')})) ==
        damaged);
  CHECK(verdict(kSshKey, key_line("ssh-ed25519", {"ssh-ed25519", key32, "more"})) == damaged);
  CHECK(verdict(kSshKey, key_line("ssh-ed25519", {"ssh-ed25519"})) == damaged);
  CHECK(verdict(kSshKey, "ssh-ed25519 " + base64_encode("\xff\xff\xff\xff")) == damaged);
  CHECK(verdict(kSshKey, "ssh-ed25519 " + base64_encode(std::string("\0\0\0\2\n\n", 6))) ==
        damaged);
  CHECK(verdict(kSshKey, key_line("ssh-rsa", {"ssh-ed25519", key32})) ==
        "ssh key says 'ssh-rsa' but holds a key of type 'ssh-ed25519' [copy the whole line of the "
        ".pub file]");
  CHECK(verdict(kSshKey, key_line("ssh-rsa", {"ssh-rsa", "\3", std::string(128, '\x80')})) ==
        "RSA key of 1024 bits [use an ed25519 key, or RSA of at least 2048 bits]");
  CHECK(verdict(kSshKey, "ssh-ed25519 not!base64") ==
        "what follows 'ssh-ed25519' is not base64 [copy the whole line of the .pub file]");
  CHECK(verdict(kSshKey, "ssh-ed25519").find("is not base64") != std::string::npos);
  CHECK(verdict(kSshKey, "ssh-dss AAAA").find("DSA keys") == 0);
  CHECK(verdict(kSshKey, "from=\"x\" " + line).find("options before an ssh key") == 0);
  CHECK(verdict(kSshKey, "hello").find("unknown ssh key type 'hello'") == 0);
  CHECK(verdict(kSshKey, "").find("unknown ssh key type ''") == 0);
  CHECK(verdict(kSshKey, line + "\n" + line).find("an ssh key is one line") == 0);
  CHECK(verdict(kSshKey, "-----BEGIN OPENSSH PRIVATE KEY-----").find("this is a private key") == 0);
}
