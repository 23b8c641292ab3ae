#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace composer {

/// Owner and permissions of a file that is written into a root.
struct FileAttributes {
  std::uint32_t mode = 0644;  ///< Permission bits, 07777 at most.
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

enum class FileKind {
  regular,
  directory,
  symlink,
  character_device,
  block_device,
  fifo,
  socket,
  other  ///< What no Linux filesystem should have.
};

struct FileStatus {
  FileKind kind = FileKind::other;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;                            ///< Bytes; of a link the length of its target.
  std::uint32_t device_major = 0, device_minor = 0;  ///< Of a device node.
};

/// Whether a command sees a network: `host` is that of the machine that builds, with its resolver's
/// configuration at /etc/resolv.conf for as long as the command runs.
enum class RootNetwork { none, host };

/// FICLONE, by which a program asks for a reflink of a file: left to the kernel, or answered by a
/// copy where the filesystem has none. That spares a program that starts `cp` for each file
/// instead, as dracut-install does, most of its time.
enum class CloneRequests { kernel, answered };

/// Where RootCommand::program is while the command runs: in memory, never in the image.
inline constexpr std::string_view kRootProgram = "/run/image-composer-script";

/// A command run inside a root, contained as scriptlets are: own mount, PID, IPC, UTS and network
/// namespaces, a minimal /dev, /proc and a read-only /sys, a clean environment.
struct RootCommand {
  std::vector<std::string> arguments;         ///< arguments[0] is looked up in the root's PATH.
  std::string input = {};                     ///< Standard input.
  std::vector<std::string> environment = {};  ///< NAME=value, beside PATH, LANG, HOME and TERM.
  std::string program = {};  ///< What kRootProgram holds, executable; may be empty.
  RootNetwork network = RootNetwork::none;
  CloneRequests clones = CloneRequests::kernel;
  /// Called with each line as it comes; standard error then goes where standard output goes.
  std::function<void(std::string_view line)> on_line = {};
};

struct RootCommandResult {
  int status = 0;  ///< Exit status, or 128 + signal.
  std::string standard_output;
  std::string standard_error;
};

/// Extended attributes by name (`security.selinux`, `user.note`), values as bytes.
using ExtendedAttributes = std::map<std::string, std::string>;

/// The root of an operating system, to look at: a directory, a mounted filesystem, the filesystems
/// inside a disk image. Paths are absolute inside the root; symbolic links, absolute or not, and
/// `..` are resolved inside it, so no path of a package can reach the host. What is in the root is
/// hostile: sizes and kinds are checked on every read.
class ReadRoot {
 public:
  virtual ~ReadRoot() = default;

  /// The status of what `path` leads to, or nothing. With lstat semantics for the last component
  /// when `path` is asked for through `link_status`.
  virtual std::optional<FileStatus> status(std::string_view path) const = 0;
  virtual std::optional<FileStatus> link_status(std::string_view path) const = 0;
  bool exists(std::string_view path) const { return status(path).has_value(); }

  /// The content of a regular file, or nothing when there is none.
  /// @throws Error  when it is not a regular file, or larger than 256 MiB.
  virtual std::optional<std::string> read(std::string_view path) const = 0;
  /// At most `most` bytes of a regular file from `offset` on, fewer only where the file ends (none
  /// at or past its end); nothing when there is no such file. For files that are too large, or of
  /// which the beginning is enough.
  /// @throws Error  when it is not a regular file.
  virtual std::optional<std::string> read_at(std::string_view path, std::uint64_t offset,
                                             std::size_t most) const = 0;
  /// The names in a directory, sorted bytewise; empty when there is none.
  virtual std::vector<std::string> list(std::string_view path) const = 0;
  virtual std::optional<std::string> read_link(std::string_view path) const = 0;

  /// The extended attributes of `path` itself: a symbolic link is not followed. Empty when there is
  /// no such file, or none that may be read.
  virtual ExtendedAttributes xattrs(std::string_view path) const = 0;
  /// One of them, or nothing.
  std::optional<std::string> xattr(std::string_view path, const std::string& name) const {
    const ExtendedAttributes all = xattrs(path);
    const auto found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
};

/// The root of an operating system that configure steps change, wherever it lives: a mounted
/// filesystem, a plain directory, a guestfs handle.
class Root : public ReadRoot {
 public:
  /// Writes a regular file, replacing what was there; parent directories must exist.
  virtual void write(std::string_view path, std::string_view content, FileAttributes) = 0;
  /// Makes a directory and its missing parents; one that is there keeps its attributes.
  virtual void make_directories(std::string_view path, FileAttributes = {0755, 0, 0}) = 0;
  /// Makes a symbolic link, replacing a file or link that was there.
  virtual void make_link(std::string_view target, std::string_view path) = 0;
  virtual void set_attributes(std::string_view path, FileAttributes) = 0;
  /// Removes a file or an empty directory; nothing happens when there is none.
  virtual void remove(std::string_view path) = 0;

  /// Sets every access and modification time in the root that is later than `epoch` (seconds since
  /// 1970) to `epoch`, of links themselves and not of what they lead to. Pseudo filesystems mounted
  /// in the root are left alone.
  virtual void clamp_times(std::int64_t epoch) = 0;

  /// Runs a command in the root. A status other than zero is returned, not thrown.
  virtual RootCommandResult run(const RootCommand& command) = 0;
};

}  // namespace composer
