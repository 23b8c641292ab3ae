#include <fmt/format.h>

#include "composer/base/base64.h"
#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

// Password hashes and ssh keys: refused unless they are what they claim to be, since a mistake
// shows only when nobody can log in. No message repeats a password.

namespace composer::blueprint {
namespace {

/// A method of crypt(5): its prefix, and the shape of what ends the hash.
struct HashMethod {
  std::string_view prefix;
  std::size_t fields;  ///< Parts between '$', the empty one before the first not counted.
  std::size_t digest;  ///< Characters of the last part.
};

constexpr HashMethod kMethods[] = {
    {"$y$", 4, 43},   // yescrypt: y, parameters, salt, hash
    {"$gy$", 4, 43},  // gost-yescrypt
    {"$6$", 3, 86},   // SHA-512: 6, salt, hash; one more with rounds=
    {"$5$", 3, 43},   // SHA-256
};
constexpr std::string_view kHashAlphabet = "./";
constexpr std::string_view kMakeHash =
    "make one with 'mkpasswd -m yescrypt' or 'openssl passwd -6'";

bool is_bcrypt(std::string_view text) {
  // $2b$, two digits of cost, $, then 22 characters of salt and 31 of hash.
  return text.size() == 60 && is_digit(text[4]) && is_digit(text[5]) && text[6] == '$' &&
         holds_only(text.substr(7), kHashAlphabet);
}

bool has_shape(std::string_view text, const HashMethod& method) {
  std::string_view rest = text.substr(1);
  std::size_t fields = 1;
  bool rounds = false;
  for (auto end = rest.find('$'); end != std::string_view::npos; end = rest.find('$')) {
    const std::string_view field = rest.substr(0, end);
    const bool is_rounds = fields == 2 && field.starts_with("rounds=");
    if (field.empty() || !holds_only(field, is_rounds ? "=" : kHashAlphabet)) return false;
    rounds = rounds || is_rounds;
    rest.remove_prefix(end + 1);
    ++fields;
  }
  return fields == method.fields + (rounds ? 1 : 0) && rest.size() == method.digest &&
         holds_only(rest, kHashAlphabet);
}

std::optional<Refusal> check_password_hash(std::string_view text) {
  for (const HashMethod& method : kMethods) {
    if (!text.starts_with(method.prefix)) continue;
    if (has_shape(text, method)) return std::nullopt;
    return Refusal{
        fmt::format("password hash begins with '{}' but is cut short or damaged", method.prefix),
        "copy the whole hash, in single quotes"};
  }
  for (const std::string_view prefix : {"$2b$", "$2y$", "$2a$"}) {
    if (!text.starts_with(prefix)) continue;
    if (is_bcrypt(text)) return std::nullopt;
    return Refusal{
        fmt::format("password hash begins with '{}' but is cut short or damaged", prefix),
        "copy the whole hash, in single quotes"};
  }
  if (text.empty() || text.starts_with('!') || text.starts_with('*')) {
    return Refusal{"no password hash", "leave 'password_hash' out: the password is locked then"};
  }
  if (text.starts_with("$1$") || text.starts_with("$md5") || text.starts_with("$sha1") ||
      text.starts_with("$3$")) {
    return Refusal{"password hash of a method that is easily broken (MD5, SHA-1, NT)",
                   std::string(kMakeHash)};
  }
  if (text.starts_with('$')) {
    return Refusal{"password hash of an unknown method", std::string(kMakeHash)};
  }
  return Refusal{"this is plain text or a DES hash, not a password hash as in crypt(5)",
                 std::string(kMakeHash)};
}

struct KeyType {
  std::string_view name;
  std::size_t parts;  ///< Length-prefixed strings in the blob, the type's name among them.
};

// RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f.
constexpr KeyType kKeyTypes[] = {
    {"ssh-ed25519", 2},
    {"ssh-rsa", 3},
    {"ecdsa-sha2-nistp256", 3},
    {"ecdsa-sha2-nistp384", 3},
    {"ecdsa-sha2-nistp521", 3},
    {"sk-ssh-ed25519@openssh.com", 3},
    {"sk-ecdsa-sha2-nistp256@openssh.com", 4},
};

const KeyType* key_type(std::string_view name) {
  for (const KeyType& type : kKeyTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::string_view take_word(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

/// The next string of a key blob: four bytes of length, big endian, and its bytes.
std::optional<std::string_view> take_string(std::string_view& blob) {
  if (blob.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(blob[i]);
  if (length > blob.size() - 4) return std::nullopt;
  const std::string_view out = blob.substr(4, length);
  blob.remove_prefix(4 + length);
  return out;
}

std::optional<Refusal> check_blob(const KeyType& type, std::string_view blob) {
  constexpr std::size_t kLeastRsaBits = 2048;  // NIST SP 800-131A.
  const Refusal damaged{fmt::format("ssh key of type '{}' is cut short or damaged", type.name),
                        "copy the whole line of the .pub file"};
  const auto inner = take_string(blob);
  if (!inner) return damaged;
  if (*inner != type.name) {
    const bool printable = std::all_of(inner->begin(), inner->end(),
                                       [](char c) { return is_visible(c) && is_ascii(c); });
    if (!printable || inner->size() > 64) return damaged;
    return Refusal{fmt::format("ssh key says '{}' but holds a key of type '{}'", type.name, *inner),
                   "copy the whole line of the .pub file"};
  }
  std::string_view last;
  for (std::size_t part = 1; part < type.parts; ++part) {
    const auto value = take_string(blob);
    if (!value || value->empty()) return damaged;
    last = *value;
  }
  if (!blob.empty()) return damaged;
  if (type.name == "ssh-ed25519" && last.size() != 32) return damaged;
  if (type.name == "ssh-rsa") {
    while (last.starts_with('\0')) last.remove_prefix(1);
    if (last.size() * 8 < kLeastRsaBits) {
      return Refusal{fmt::format("RSA key of {} bits", last.size() * 8),
                     fmt::format("use an ed25519 key, or RSA of at least {} bits", kLeastRsaBits)};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> check_ssh_key(std::string_view text) {
  if (text.find("PRIVATE KEY") != std::string_view::npos) {
    return Refusal{
        "this is a private key, which must never leave its owner's machine",
        "give the line of the .pub file, and consider the private key as known to others",
        Secrecy::secret};
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  if (text.find('\n') != std::string_view::npos) {
    return Refusal{"an ssh key is one line", "give each key an entry of its own"};
  }
  std::string_view rest = text;
  const std::string_view name = take_word(rest);
  const KeyType* type = key_type(name);
  if (type == nullptr) {
    if (name == "ssh-dss") {
      return Refusal{"DSA keys are no longer accepted by OpenSSH", "use an ed25519 key"};
    }
    while (!rest.empty()) {
      if (key_type(take_word(rest)) != nullptr) {
        return Refusal{"options before an ssh key are not supported", "begin with the key's type"};
      }
    }
    return Refusal{fmt::format("unknown ssh key type '{}'", name.substr(0, 40)),
                   "give the line of a .pub file, such as 'ssh-ed25519 AAAA… name'"};
  }
  const std::optional<std::string> blob = base64_decode(take_word(rest));
  if (!blob || blob->empty()) {
    return Refusal{fmt::format("what follows '{}' is not base64", name),
                   "copy the whole line of the .pub file"};
  }
  return check_blob(*type, *blob);
}

std::optional<Refusal> read_ssh_key(const Node& node, std::string& value) {
  value = node.text;
  // A key in a block of text ends with a line break, which authorized_keys writes by itself.
  while (value.ends_with('\n')) value.pop_back();
  return check_ssh_key(value);
}

}  // namespace

constinit const Scalar<std::string> kPasswordHash = {
    {"a password hash",
     "crypt(5): yescrypt (`$y$`), SHA-512 (`$6$`), SHA-256 (`$5$`) or bcrypt (`$2b$`).",
     Shape::text,
     {},
     0,
     0,
     Secrecy::secret},
    checked_text<check_password_hash>};
constinit const Scalar<std::string> kSshKey = {
    {"an ssh public key",
     "A line of a `.pub` file: ed25519, ECDSA, RSA of 2048 bits, or a security key."},
    read_ssh_key};

}  // namespace composer::blueprint
