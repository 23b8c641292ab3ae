#include "composer/boot/guest_login.h"

#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/child_process.h"
#include "composer/host/process.h"

namespace composer::vm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = 64u << 10;

}  // namespace

std::vector<std::string> ssh_arguments(const GuestLogin& login, const std::string& command) {
  std::vector<std::string> list = {
      "ssh", "-T", "-F", "none", "-i", login.key.string(), "-p", fmt::format("{}", login.port)};
  for (const std::string_view option :
       {"BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none",
        "PreferredAuthentications=publickey", "StrictHostKeyChecking=accept-new",
        "GlobalKnownHostsFile=/dev/null", "ForwardAgent=no", "ClearAllForwardings=yes",
        "ConnectTimeout=60", "ServerAliveInterval=20", "ServerAliveCountMax=6", "LogLevel=ERROR"}) {
    list.emplace_back("-o");
    list.emplace_back(option);
  }
  list.emplace_back("-o");
  list.push_back(fmt::format("UserKnownHostsFile={}", login.known_hosts.string()));
  list.push_back(fmt::format("{}@{}", login.user, login.address));
  list.push_back(command);
  return list;
}

std::string make_key(const std::filesystem::path& path, Progress& progress) {
  host::CommandRunner(progress).check(
      {{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "image-composer", "-f", path.string()},
       {},
       {}});
  std::string key = read_file(path.string() + ".pub");
  while (key.ends_with('\n')) key.pop_back();
  return key;
}

GuestCommandResult run_in_guest(const GuestLogin& login, const std::string& command,
                                const std::string& input, double seconds,
                                const std::function<bool()>& meanwhile, Progress& progress) {
  const FileDescriptor script(::memfd_create("script", MFD_CLOEXEC));
  if (!script) throw system_error("cannot make a memory file", errno);
  write_all(script.get(), input, "the input of a command");
  ::lseek(script.get(), 0, SEEK_SET);

  GuestCommandResult result;
  host::ChildProcess child({ssh_arguments(login, command), {}, script.get()}, progress);
  const auto take = [&] {
    result.output += child.read_output();
    if (result.output.size() > kMostOutput) {
      result.output.erase(0, result.output.size() - kMostOutput);
    }
  };
  const auto start = Clock::now();
  while (!child.status()) {
    const bool guest_there = meanwhile();
    take();
    result.timed_out = std::chrono::duration<double>(Clock::now() - start).count() > seconds;
    if (result.timed_out || !guest_there) {
      child.end(std::chrono::seconds(1));
      take();
      return result;
    }
  }
  take();
  result.status = *child.status();
  return result;
}

std::string script_command() {
  return "t=$(mktemp) || exit 125; cat > \"$t\"; chmod 700 \"$t\"; "
         "case $(head -c 2 \"$t\") in '#!') \"$t\" ;; *) sh \"$t\" ;; esac < /dev/null; "
         "s=$?; rm -f \"$t\"; exit \"$s\"";
}

}  // namespace composer::vm
