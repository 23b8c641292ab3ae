#include "composer/rpm/transaction_modules.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmtd.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/rpm/handles.h"
#include "composer/rpm/kernel_module.h"

namespace composer::rpm {
namespace {

constexpr const char* kFolder = "/run/depmod.d";
constexpr const char* kConfiguration = "/run/depmod.d/image-composer.conf";
// Where distributions put modules: depmod.d(5), "search", and Documentation/kbuild/modules.rst.
constexpr std::string_view kFolders[] = {"kernel", "extra", "updates", "weak-updates", "misc"};
// Programs that read an index, or start some that do; kernel-install is put off in its own way.
constexpr std::string_view kReaders[] = {
    "akmods",      "dkms",         "dracut",  "insmod",   "lsinitrd",       "mkinitrd",
    "mkinitramfs", "mkosi-initrd", "modinfo", "modprobe", "new-kernel-pkg", "update-initramfs",
    "weak-modules"};
constexpr std::string_view kIndexes[] = {"modules.dep",     "modules.alias",   "modules.symbols",
                                         "modules.softdep", "modules.weakdep", "modules.devname"};
// Those that run before %posttrans.
constexpr rpmTagVal kScriptlets[] = {RPMTAG_PREIN, RPMTAG_POSTIN, RPMTAG_TRIGGERSCRIPTS,
                                     RPMTAG_FILETRIGGERSCRIPTS};

ModuleUse use_of(Header header) {
  ModuleUse use = ModuleUse::none;
  for (const rpmTagVal tag : kScriptlets) {
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
      if (::stat((entry.path() / "modules.dep").c_str(), &status) != 0) continue;
      indexes[entry.path().filename()] = fmt::format("{} {} {}.{}", status.st_ino, status.st_size,
                                                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    }
  }
  return indexes;
}

bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '+';
  });
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
  const bool changes = scriptlet.find("depmod") != std::string_view::npos ||
                       scriptlet.find("lib/modules") != std::string_view::npos;
  return changes ? ModuleUse::changes : ModuleUse::none;
}

void ModuleIndexes::look_at(Header header, rpmfiles files, std::uint64_t number) {
  const ModuleUse use = use_of(header);
  if (use == ModuleUse::uses) is_needed_ = true;
  if (use == ModuleUse::changes) to_come_.insert(number);
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
  if (packages_.empty() || is_needed_) return {};
  const Packages installed(rpmtsInitIterator(transaction, RPMDBI_PACKAGES, nullptr, 0));
  while (Header header = installed ? rpmdbNextIterator(installed.get()) : nullptr) {
    if (use_of(header) == ModuleUse::uses) return {};
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

bool ModuleIndexes::begun(std::uint64_t number) {
  return to_come_.erase(number) == 0 && to_come_.empty();
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
    if (found == before_.end() || found->second != index) kernels.push_back(kernel);
  }
  return kernels;
}

}  // namespace composer::rpm
