#include "composer/rpm/keyring.h"

#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <optional>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmpgp.h>

#include "composer/base/checksum.h"
#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/host/cache.h"
#include "composer/rpm/signature_armor.h"
#include "composer/rpm/signature_file.h"

// The one file that sees librpm's OpenPGP interface (4.18; it is internal to rpm from 4.19 on).

namespace composer::rpm {
namespace {

using Signature = Handle<std::remove_pointer_t<pgpDigParams>, pgpDigParamsFree>;
using Pubkey = Handle<std::remove_pointer_t<rpmPubkey>, rpmPubkeyFree>;

constexpr std::uint32_t kTagDsaHeader = 267, kTagRsaHeader = 268;  // Over the header.
constexpr std::uint32_t kTagPgp = 1002, kTagGpg = 1005;            // Over header and payload.
constexpr std::uint32_t kTagName = 1000, kTagVersion = 1001, kTagRelease = 1002, kTagEpoch = 1003,
                        kTagArch = 1022, kTagPayloadDigest = 5092,
                        kTagPayloadDigestAlgorithm = 5093;

/// A key file larger than this is none (a key with many certifications has about 100 KB).
constexpr std::size_t kMostKeyBytes = std::size_t{4} << 20;

struct State {
  rpmKeyring keyring = nullptr;
  std::map<std::string, std::string> fingerprints;  ///< Of certificates, by the ids of their keys.
};

/// While one exists, this thread alone is in librpm, which does not promise that its OpenPGP code
/// may run on two threads, and librpm is quiet: it would print to standard error what our Errors
/// say.
class InLibrpm {
 public:
  InLibrpm() : lock_(mutex()), mask_(rpmlogSetMask(RPMLOG_UPTO(RPMLOG_EMERG))) {}
  InLibrpm(const InLibrpm&) = delete;
  InLibrpm& operator=(const InLibrpm&) = delete;
  ~InLibrpm() { rpmlogSetMask(mask_); }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  std::lock_guard<std::mutex> lock_;
  int mask_;
};

State& state_of(void* keyring) {
  return *static_cast<State*>(keyring);
}

void start_crypto() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (rpmInitCrypto() != 0) {
      throw Error(ErrorKind::host, "cannot start librpm's cryptography");
    }
  });
}

const std::uint8_t* as_bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string fingerprint_of(std::string_view certificate) {
  std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  if (pgpPubkeyFingerprint(as_bytes(certificate), certificate.size(), &bytes, &size) != 0)
    return {};
  const Handle<std::uint8_t, std::free> owner(bytes);
  std::string hex = to_hex({reinterpret_cast<const char*>(bytes), size});
  for (char& c : hex) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  return hex;
}

std::string key_id_of(pgpDigParams parameters) {
  std::string id;
  for (int i = 0; i < 8; ++i) id += fmt::format("{:02X}", pgpDigParamsSignID(parameters)[i]);
  return id;
}

/// The ids of a certificate's own key and its subkeys.
std::vector<std::string> key_ids_of(std::string_view certificate) {
  pgpDigParams main = nullptr;
  if (pgpPrtParams(as_bytes(certificate), certificate.size(), PGPTAG_PUBLIC_KEY, &main) != 0) {
    return {};
  }
  const Signature owner(main);
  std::vector<std::string> ids = {key_id_of(main)};
  pgpDigParams* subkeys = nullptr;
  int count = 0;
  if (pgpPrtParamsSubkeys(as_bytes(certificate), certificate.size(), main, &subkeys, &count) == 0) {
    for (int i = 0; i < count; ++i) {
      const Signature subkey(subkeys[i]);
      ids.push_back(key_id_of(subkey.get()));
    }
    std::free(subkeys);
  }
  return ids;
}

/// The length of the OpenPGP packet that `bytes` begins with (RFC 4880, 4.2), or 0.
std::size_t packet_size(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2 || !(byte(0) & 0x80)) return 0;
  std::size_t header = 0, body = 0;
  if (byte(0) & 0x40) {  // New format.
    if (byte(1) < 192) {
      header = 2, body = byte(1);
    } else if (byte(1) < 224 && bytes.size() > 2) {
      header = 3, body = (std::size_t{byte(1)} - 192) * 256 + byte(2) + 192;
    } else if (byte(1) == 255 && bytes.size() > 5) {
      header = 6;
      for (std::size_t i = 2; i < 6; ++i) body = body << 8 | byte(i);
    }
  } else if ((byte(0) & 3) != 3) {  // Old format: 1, 2 or 4 bytes of length.
    const std::size_t width = std::size_t{1} << (byte(0) & 3);
    if (bytes.size() <= width) return 0;
    header = 1 + width;
    for (std::size_t i = 1; i <= width; ++i) body = body << 8 | byte(i);
  }
  return header != 0 && body <= bytes.size() - header ? header + body : 0;
}

enum class Verdict { good, bad, unknown_key, weak, unreadable };

struct Judgement {
  Verdict verdict = Verdict::unreadable;
  std::string key;   ///< Id of the key that the signature names, upper-case hexadecimal.
  std::string hash;  ///< Of a weak signature.
};

Judgement judge(State& state, std::string_view packet, std::string_view content) {
  const InLibrpm in_librpm;
  pgpDigParams raw = nullptr;
  if (pgpPrtParams(as_bytes(packet), packet.size(), PGPTAG_SIGNATURE, &raw) != 0) return {};
  const Signature signature(raw);
  Judgement judgement;
  judgement.key = key_id_of(signature.get());
  const unsigned hash = pgpDigParamsAlgo(signature.get(), PGPVAL_HASHALGO);
  if (hash != PGPHASHALGO_SHA256 && hash != PGPHASHALGO_SHA384 && hash != PGPHASHALGO_SHA512) {
    judgement.verdict = Verdict::weak;
    const char* name = pgpValString(PGPVAL_HASHALGO, static_cast<std::uint8_t>(hash));
    judgement.hash = name ? name : "an unknown hash";
    return judgement;
  }
  // Only signatures "of a binary document" say something about the bytes themselves.
  judgement.verdict = Verdict::bad;
  if (pgpSignatureType(signature.get()) != PGPSIGTYPE_BINARY) return judgement;
  DIGEST_CTX context = rpmDigestInit(static_cast<int>(hash), RPMDIGEST_NONE);
  rpmDigestUpdate(context, content.data(), content.size());
  const rpmRC result = rpmKeyringVerifySig(state.keyring, signature.get(), context);
  rpmDigestFinal(context, nullptr, nullptr, 0);
  if (result == RPMRC_OK) judgement.verdict = Verdict::good;
  if (result == RPMRC_NOKEY) judgement.verdict = Verdict::unknown_key;
  return judgement;
}

/// Throws unless one signature is good and none is bad. `what` is the subject, quoted.
/// @returns The id of the key that made the good one.
std::string require_good(const std::vector<Judgement>& judgements, const std::string& what) {
  std::optional<std::string> good;
  std::optional<Error> refusal;
  for (const Judgement& judgement : judgements) {
    switch (judgement.verdict) {
      case Verdict::good:
        if (!good) good = judgement.key;
        break;
      case Verdict::bad:
        throw Error(ErrorKind::build, what + " has a bad signature",
                    "it was changed after it was signed; do not use it");
      case Verdict::unreadable:
        throw Error(ErrorKind::build, what + " has a signature that cannot be read");
      case Verdict::weak:
        refusal = Error(ErrorKind::build,
                        fmt::format("{} is signed by key {} with {}, which is too weak to trust",
                                    what, judgement.key, judgement.hash));
        break;
      case Verdict::unknown_key:
        refusal = Error(ErrorKind::build,
                        fmt::format("{} is signed by the unknown key {}", what, judgement.key),
                        "add the key to the repository's 'gpgkey', if you trust it");
        break;
    }
  }
  if (good) return *good;
  if (refusal) throw Error(*refusal);
  throw Error(ErrorKind::build, what + " is not signed");
}

PackageIdentity identity_of(const PackageFile& file) {
  const auto text = [&](std::uint32_t tag) {
    const auto value = file.header.text(tag);
    if (!value || value->empty()) {
      throw Error(ErrorKind::build,
                  fmt::format("package '{}' is damaged: its header lacks a name, version, release "
                              "or architecture",
                              file.name));
    }
    return std::string(*value);
  };
  return {text(kTagName), file.header.number(kTagEpoch).value_or(0), text(kTagVersion),
          text(kTagRelease), text(kTagArch)};
}

void check_payload(const PackageFile& file) {
  static constexpr std::array<std::pair<std::uint32_t, HashAlgorithm>, 3> kAlgorithms = {
      {{PGPHASHALGO_SHA256, HashAlgorithm::sha256},
       {PGPHASHALGO_SHA384, HashAlgorithm::sha384},
       {PGPHASHALGO_SHA512, HashAlgorithm::sha512}}};
  const auto digest = file.header.text(kTagPayloadDigest);
  const auto number = file.header.number(kTagPayloadDigestAlgorithm);
  for (const auto& [known, algorithm] : kAlgorithms) {
    if (!digest || number != known) continue;
    if (host::hash_rest(file.fd.get(), algorithm, file.name) == *digest) return;
    throw Error(
        ErrorKind::build,
        fmt::format("package '{}' has a payload that does not match its signed header", file.name),
        "it was changed after it was signed, or is cut short; do not use it");
  }
  throw Error(ErrorKind::build,
              fmt::format("package '{}' has no strong digest of its payload", file.name),
              "rpm 4.14 and later write one; use a newer build of the package");
}

}  // namespace

PackageIdentity read_identity(const std::filesystem::path& package, std::string_view name) {
  return identity_of(open_package(package, name));
}

void Keyring::Free::operator()(void* keyring) const {
  State* state = static_cast<State*>(keyring);
  rpmKeyringFree(state->keyring);
  delete state;
}

Keyring::Keyring(const std::vector<PlannedKey>& keys) : keyring_(new State) {
  start_crypto();
  const InLibrpm in_librpm;
  rpmKeyring keyring = state_of(keyring_.get()).keyring = rpmKeyringNew();
  for (const PlannedKey& key : keys) {
    const auto certificates = read_armor(key.armor, kArmorPublicKey);
    const Pubkey pubkey(certificates.size() == 1
                            ? rpmPubkeyNew(as_bytes(certificates[0]), certificates[0].size())
                            : nullptr);
    if (!pubkey) {
      throw Error(ErrorKind::build, fmt::format("librpm cannot use the OpenPGP key {} from '{}'",
                                                key.fingerprint, key.source));
    }
    rpmKeyringAddKey(keyring, pubkey.get());
    for (const std::string& id : key_ids_of(certificates[0])) {
      state_of(keyring_.get()).fingerprints.emplace(id, key.fingerprint);
    }
    int count = 0;
    const Handle<rpmPubkey, std::free> subkeys(rpmGetSubkeys(pubkey.get(), &count));
    for (int i = 0; i < count; ++i) {
      const Pubkey subkey(subkeys.get()[i]);
      rpmKeyringAddKey(keyring, subkey.get());
    }
  }
}

Keyring::Keyring(Keyring&&) noexcept = default;
Keyring& Keyring::operator=(Keyring&&) noexcept = default;
Keyring::~Keyring() = default;

SignedPackage Keyring::verify_package(const std::filesystem::path& package,
                                      std::string_view name) const {
  const PackageFile file = open_package(package, name);
  const std::string what = fmt::format("package '{}'", file.name);
  std::vector<Judgement> judgements;
  for (const std::uint32_t tag : {kTagRsaHeader, kTagDsaHeader}) {
    if (!file.signatures.has(tag)) continue;
    const auto packet = file.signatures.binary(tag);
    judgements.push_back(packet ? judge(state_of(keyring_.get()), *packet, file.header.bytes())
                                : Judgement{});
  }
  if (judgements.empty() && (file.signatures.has(kTagPgp) || file.signatures.has(kTagGpg))) {
    throw Error(ErrorKind::build,
                what + " is signed only in the way of rpm 3, over header and payload together",
                "sign it again with rpm 4.14 or later");
  }
  const std::string id = require_good(judgements, what);
  check_payload(file);
  return {identity_of(file), state_of(keyring_.get()).fingerprints.at(id)};
}

void Keyring::verify_detached(std::string_view content, std::string_view signature,
                              std::string_view what) const {
  const std::string subject = fmt::format("'{}'", what);
  std::vector<std::string> blocks;
  if (packet_size(signature) != 0) {
    blocks.emplace_back(signature);
  } else {
    blocks = read_armor(signature, kArmorSignature);
  }
  if (blocks.empty())
    throw Error(ErrorKind::build, subject + " has a signature that cannot be read");
  std::vector<Judgement> judgements;
  for (const std::string& block : blocks) {
    for (std::string_view rest = block; judgements.size() < 16;) {
      const std::size_t size = packet_size(rest);
      judgements.push_back(
          size == 0 ? Judgement{} : judge(state_of(keyring_.get()), rest.substr(0, size), content));
      rest.remove_prefix(size);
      if (size == 0 || rest.empty()) break;
    }
  }
  require_good(judgements, subject);
}

std::vector<PlannedKey> read_keys(std::string_view armor, std::string_view source) {
  start_crypto();
  std::vector<std::string> blocks;
  if (armor.size() <= kMostKeyBytes) {
    blocks = read_armor(armor, kArmorPublicKey);
    if (blocks.empty() && packet_size(armor) != 0) blocks.emplace_back(armor);
  }
  const InLibrpm in_librpm;
  std::vector<PlannedKey> keys;
  for (const std::string& block : blocks) {
    for (std::string_view rest = block; !rest.empty();) {
      std::size_t size = 0;
      if (pgpPubKeyCertLen(as_bytes(rest), rest.size(), &size) != 0 || size == 0 ||
          size > rest.size()) {
        break;
      }
      const std::string_view certificate = rest.substr(0, size);
      const std::string fingerprint = fingerprint_of(certificate);
      if (!fingerprint.empty()) {
        keys.push_back(
            {fingerprint, std::string(source), write_armor(certificate, kArmorPublicKey)});
      }
      rest.remove_prefix(size);
    }
  }
  if (keys.empty()) {
    throw Error(ErrorKind::build, fmt::format("'{}' has no OpenPGP public key", source));
  }
  return keys;
}

}  // namespace composer::rpm
