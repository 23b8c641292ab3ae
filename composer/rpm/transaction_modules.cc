#include "composer/rpm/transaction_modules.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <rpm/rpmdb.h>
#include <rpm/rpmtd.h>
#include <span>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/rpm/file_states.h"
#include "composer/rpm/handles.h"
#include "composer/rpm/kernel_module.h"

namespace composer::rpm {
namespace {

constexpr const char* kFolder = "/run/depmod.d";
constexpr const char* kConfiguration = "/run/depmod.d/image-composer.conf";
// Where distributions put modules: depmod.d(5), "search", and Documentation/kbuild/modules.rst.
constexpr std::string_view kFolders[] = {"kernel", "extra", "updates", "weak-updates", "misc"};
// Programs that read an index, or start some that do; kernel-install is put off in its own way.
constexpr std::string_view kReaders[] = {"akmods",
                                         "dkms",
                                         "dracut",
                                         "dracut.sh",
                                         "fips-mode-setup",
                                         "insmod",
                                         "kdumpctl",
                                         "kernel-scriptlets",
                                         "kmod",
                                         "lsinitrd",
                                         "mkdumprd",
                                         "mkinitramfs",
                                         "mkinitrd",
                                         "mkosi-initrd",
                                         "modinfo",
                                         "modprobe",
                                         "new-kernel-pkg",
                                         "plymouth-set-default-theme",
                                         "plymouth-update-initrd",
                                         "update-initramfs",
                                         "weak-modules"};
constexpr std::string_view kIndexes[] = {"modules.dep",     "modules.alias",   "modules.symbols",
                                         "modules.softdep", "modules.weakdep", "modules.devname"};
// What runs before %posttrans: of packages that are installed now, and of others.
constexpr rpmTagVal kScriptlets[] = {RPMTAG_PRETRANS, RPMTAG_PREIN, RPMTAG_POSTIN};
constexpr rpmTagVal kTriggers[] = {RPMTAG_TRIGGERSCRIPTS, RPMTAG_FILETRIGGERSCRIPTS};

ModuleUse use_of(Header header, std::span<const rpmTagVal> tags) {
  ModuleUse use = ModuleUse::none;
  for (const rpmTagVal tag : tags) {
    struct rpmtd_s texts {};
    if (headerGet(header, tag, &texts, HEADERGET_MINMEM) == 0) continue;
    while (const char* text = rpmtdNextString(&texts)) use = std::max(use, module_use_of(text));
    rpmtdFreeData(&texts);
  }
  return use;
}

/// modules.dep of each kernel in such a way that a new one is seen.
std::map<std::string, std::string> indexes_now() {
  std::map<std::string, std::string> indexes;
  for (const char* folder : {"/usr/lib/modules", "/lib/modules"}) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
      struct stat status {};
      if (entry.is_symlink(none) || !is_kernel_version(entry.path().filename().string())) continue;
      if (::stat((entry.path() / "modules.dep").c_str(), &status) != 0) continue;
      indexes[entry.path().filename()] = state_of(status);
    }
  }
  return indexes;
}

/// What is below the folders of a kernel's modules. depmod itself writes beside these folders.
std::string modules_now(const std::string& kernel) {
  std::vector<std::string> folders;
  std::error_code none;
  for (const auto& folder : std::filesystem::directory_iterator("/lib/modules/" + kernel, none)) {
    if (!folder.is_symlink(none) && folder.is_directory(none)) folders.push_back(folder.path());
  }
  return states_below(folders);
}

bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '+';
  });
}

/// Whether a call of depmod, up to the end of its line, is for another place than the kernel's
/// folder: -b, -m, -o and -n, their long names begin with these letters or are --dry-run, --show.
bool is_elsewhere(std::string_view call) {
  call = call.substr(0, std::min(call.size(), call.find_first_of("\n;|&")));
  for (auto at = call.find(" -"); at != std::string_view::npos; at = call.find(" -", at + 1)) {
    const auto rest = call.substr(at + 2);
    const auto option = rest.substr(0, std::min(rest.size(), rest.find_first_of(" =")));
    if (option.starts_with("-")) {
      if (std::string_view("bmods").find(option.substr(1, 1)) != std::string_view::npos)
        return true;
    } else if (option.find_first_of("bmno") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

ModuleUse module_use_of(std::string_view scriptlet) {
  for (const std::string_view index : kIndexes) {
    if (scriptlet.find(index) != std::string_view::npos) return ModuleUse::uses;
  }
  constexpr std::string_view kOfWords =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-";
  for (std::size_t from = 0; (from = scriptlet.find_first_of(kOfWords, from)) < scriptlet.size();) {
    const std::size_t end = std::min(scriptlet.find_first_not_of(kOfWords, from), scriptlet.size());
    const std::string_view word = scriptlet.substr(from, end - from);
    if (std::find(std::begin(kReaders), std::end(kReaders), word) != std::end(kReaders)) {
      return ModuleUse::uses;
    }
    from = end;
  }
  ModuleUse use = ModuleUse::none;
  if (scriptlet.find("lib/modules") != std::string_view::npos) use = ModuleUse::changes;
  for (auto at = scriptlet.find("depmod"); at != std::string_view::npos;
       at = scriptlet.find("depmod", at + 1)) {
    if (is_elsewhere(scriptlet.substr(at))) return ModuleUse::uses;
    use = ModuleUse::indexes;
  }
  return use;
}

void ModuleIndexes::look_at(Header header, rpmfiles files, std::uint64_t number) {
  const ModuleUse use = std::max(use_of(header, kScriptlets), use_of(header, kTriggers));
  if (use == ModuleUse::uses) is_needed_ = true;
  if (use == ModuleUse::indexes) is_asked_for_ = true;
  if (use != ModuleUse::none) to_come_.insert(number);
  const int count = rpmfilesFC(files);
  for (int i = 0; i < count; ++i) {
    const char* name = rpmfilesDN(files, rpmfilesDI(files, i));
    const std::string_view folder(name ? name : "");
    if (folder.find("lib/modules/") == std::string_view::npos &&
        folder.find("/depmod.d/") == std::string_view::npos) {
      continue;
    }
    to_come_.insert(number);
    const char* file = rpmfilesBN(files, i);
    const auto path = file ? module_path(std::string(folder) + file) : std::nullopt;
    if (!path) continue;
    packages_.insert(number);
    if (is_plain(path->folder)) folders_.insert(path->folder);
  }
}

std::vector<std::uint64_t> ModuleIndexes::put_off(rpmts transaction) {
  if (packages_.empty() || !is_asked_for_ || is_needed_) return {};
  const Packages installed(rpmtsInitIterator(transaction, RPMDBI_PACKAGES, nullptr, 0));
  while (Header header = installed ? rpmdbNextIterator(installed.get()) : nullptr) {
    if (use_of(header, kTriggers) == ModuleUse::uses) return {};
  }
  before_ = indexes_now();
  folders_.insert(std::begin(kFolders), std::end(kFolders));
  if (::mkdir(kFolder, 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("cannot make '{}' in the root", kFolder), errno);
  }
  const FileDescriptor file = open_file(kConfiguration, O_WRONLY | O_CREAT | O_EXCL);
  write_all(file.get(), fmt::format("exclude {}\n", fmt::join(folders_, " ")), kConfiguration);
  is_put_off_ = true;
  return {packages_.begin(), packages_.end()};
}

void ModuleIndexes::begun(std::uint64_t number, const TransactionChannel& channel) {
  if (to_come_.erase(number) == 0 && to_come_.empty()) begin(channel);
}

void ModuleIndexes::begin(const TransactionChannel& channel) {
  const std::vector<std::string> kernels = put_on();
  for (const std::string& kernel : kernels) indexed_[kernel] = modules_now(kernel);
  if (!kernels.empty()) channel.send({{"index", kernels}});
}

void ModuleIndexes::finish(const TransactionChannel& channel) {
  const auto wait = [&] {
    channel.send({{"indexed", true}});
    if (!channel.receive()) throw Error(ErrorKind::build, "the waiting process is gone");
  };
  begin(channel);
  if (indexed_.empty()) return;
  wait();
  std::erase_if(indexed_, [](const auto& item) { return modules_now(item.first) == item.second; });
  if (indexed_.empty()) return;
  std::vector<std::string> again;
  for (const auto& [kernel, modules] : indexed_) again.push_back(kernel);
  indexed_.clear();
  channel.send({{"index", again}});
  wait();
}

std::vector<std::string> ModuleIndexes::put_on() {
  if (!is_put_off_) return {};
  is_put_off_ = false;
  if (::unlink(kConfiguration) != 0 && errno != ENOENT) {
    throw system_error(fmt::format("cannot remove '{}' from the root", kConfiguration), errno);
  }
  std::vector<std::string> kernels;
  for (const auto& [kernel, index] : indexes_now()) {
    const auto found = before_.find(kernel);
    if (found != before_.end() && found->second == index) continue;
    kernels.push_back(kernel);
  }
  return kernels;
}

}  // namespace composer::rpm
