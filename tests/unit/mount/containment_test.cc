#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/mount/contained_command.h"
#include "composer/mount/namespaces.h"
#include "composer/mount/new_filesystem.h"

#include "tests/support/host_usr_root.h"

using namespace composer;
using namespace composer::mount;
using namespace std::chrono_literals;

namespace {

RootCommandResult shell(const test::HostUsrRoot& root, const std::string& script,
                        const std::string& input = {}) {
  return run_contained(root.path(), {{"sh", "-c", script}, input, {}});
}

std::string output_of(const test::HostUsrRoot& root, const std::string& script) {
  const RootCommandResult result = shell(root, script);
  INFO(result.standard_error);
  CHECK(result.status == 0);
  return result.standard_output;
}

bool runs(std::string_view marker) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::error_code ignored;
    if (!std::filesystem::exists(entry.path() / "cmdline", ignored)) continue;
    std::ifstream stream(entry.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(stream), {}};
    if (line.find(marker) != std::string::npos && entry.path().filename() != "self") return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a command sees another folder in place of one of the root, and cannot change it") {
  const test::HostUsrRoot root;
  std::ofstream(root.path() / "etc/given") << "of the root";
  std::filesystem::create_symlink("etc", root.path() / "link");
  const auto folder = [] {
    FileDescriptor made = new_folder_in_memory(MiB(1));
    const FileDescriptor file(::openat(made.get(), "given", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    write_all(file.get(), "in memory", "given");
    return made;
  };
  const std::string script = "cat /etc/given; touch /etc/new 2>/dev/null || echo :no";
  {
    const FileDescriptor shown = folder();
    ContainedCommand command(root.path(), {{"sh", "-c", script}}, {{"/etc", shown.get()}});
    // Beside another one, which does not see it.
    CHECK(output_of(root, "cat /etc/given") == "of the root");
    CHECK(command.wait().standard_output == "in memory:no\n");
  }
  for (const char* path : {"/link", "/missing", "/etc/given"}) {
    const FileDescriptor shown = folder();
    CHECK_THROWS_AS(ContainedCommand(root.path(), {{"sh", "-c", "true"}}, {{path, shown.get()}}),
                    Error);
  }
  CHECK(read_file(root.path() / "etc/given") == "of the root");
}

TEST_CASE("a folder in memory has a limit") {
  const FileDescriptor folder = new_folder_in_memory(KiB(64));
  const FileDescriptor file(::openat(folder.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  CHECK_THROWS_AS(write_all(file.get(), std::string(128 << 10, 'x'), "file"), Error);
}

TEST_CASE("a command's output, input and status come back") {
  const test::HostUsrRoot root;
  const RootCommandResult result = shell(root, "cat; echo told >&2; exit 7", "given");
  CHECK(result.status == 7);
  CHECK(result.standard_output == "given");
  CHECK(result.standard_error == "told\n");
  CHECK(shell(root, "kill -TERM $$").status == 128 + SIGTERM);
  CHECK(shell(root, "cat").standard_output.empty());
}

TEST_CASE("a large input that is not read harms nobody") {
  const test::HostUsrRoot root;
  CHECK(shell(root, "exit 3", std::string(4 << 20, 'x')).status == 3);
  CHECK(shell(root, "wc -c", std::string(4 << 20, 'x')).standard_output == "4194304\n");
}

TEST_CASE("a program that is not in the root is an error, not a status") {
  const test::HostUsrRoot root;
  CHECK_THROWS_WITH(run_contained(root.path(), {{"no-such-program"}, "", {}}),
                    "cannot start 'no-such-program' in the root: No such file or directory");
  CHECK_THROWS_AS(run_contained(root.path() / "missing", {{"sh"}, "", {}}), Error);
}

TEST_CASE("a contained command does not see the host's environment") {
  const test::HostUsrRoot root;
  ::setenv("COMPOSER_TEST_SECRET", "hunter2", 1);
  const RootCommandResult result =
      run_contained(root.path(), {{"env"}, "", {"KERNEL_INSTALL_BYPASS=1", "LANG=C"}});
  CHECK(result.standard_output ==
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\nHOME=/root\n"
        "TERM=dumb\nKERNEL_INSTALL_BYPASS=1\n");
  const std::string all = output_of(root, "cat /proc/[0-9]*/environ 2>/dev/null; true");
  CHECK(all.find("hunter2") == std::string::npos);
  CHECK(shell(root, "cat /proc/1/environ").status != 0);
  CHECK(shell(root, "for i in 0 1 2 3 4 5 6 7 8 9; do readlink /proc/1/fd/$i; done")
            .standard_output.empty());
  CHECK(shell(root, "head -c 1 /proc/1/mem").status != 0);
}

TEST_CASE("a contained command has no descriptor but its three") {
  const test::HostUsrRoot root;
  const FileDescriptor leak(::open("/etc", O_RDONLY));  // Deliberately not close-on-exec.
  CHECK(output_of(root,
                  "i=0; while [ $i -lt 100 ]; do "
                  "if [ -L /proc/$$/fd/$i ]; then echo $i; fi; i=$((i+1)); done") == "0\n1\n2\n");
}

TEST_CASE("a contained command sees its own processes alone") {
  const test::HostUsrRoot root;
  const std::string seen = output_of(root, "cd /proc && echo [0-9]*");
  CHECK(seen == "1 2\n");
  CHECK(shell(root, fmt::format("kill -KILL {}", ::getpid())).status != 0);
  // PID 1 is deaf to what runs below it.
  CHECK(output_of(root, "kill -KILL 1; kill -TERM 1; echo alive") == "alive\n");
}

TEST_CASE("a contained command has no network") {
  const test::HostUsrRoot root;
  CHECK(output_of(root, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '") == "lo\n");
  CHECK(output_of(root, "tail -n +2 /proc/net/route") == "");
  // Not even to itself: lo is down, and nothing may bring it up.
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::listen(listener.get(), 1) == 0);
  CHECK(run_contained(root.path(), {{"bash", "-c", "echo > /dev/tcp/127.0.0.1/22"}, "", {}})
            .standard_error.find("Network is unreachable") != std::string::npos);
}

TEST_CASE("a contained command cannot mount, nor undo what is mounted") {
  const test::HostUsrRoot root;
  CHECK(shell(root, "mount -t tmpfs x /var").status != 0);
  CHECK(shell(root, "mount --bind /usr /var").status != 0);
  CHECK(shell(root, "umount /proc").status != 0);
  CHECK(shell(root, "umount /dev/null").status != 0);
  CHECK(shell(root, "mount -o remount,rw /usr").status != 0);
  CHECK(shell(root, "mount -o remount,dev /run").status != 0);
}

TEST_CASE("device nodes that a contained command makes are inert") {
  const test::HostUsrRoot root;
  for (const char* place : {"/var", "/run", "/tmp", "/dev", "/dev/shm"}) {
    INFO(place);
    // The memory device: reading it needs no disk to be there.
    const RootCommandResult result =
        shell(root, fmt::format("mknod {0}/zero2 c 1 5 && head -c 1 {0}/zero2", place));
    CHECK(result.standard_error.find("Permission denied") != std::string::npos);
  }
}

TEST_CASE("the devices inside work, and cannot be changed") {
  const test::HostUsrRoot root;
  CHECK(output_of(root, "echo x > /dev/null; head -c 3 /dev/zero | od -An -tx1") == " 00 00 00\n");
  CHECK(output_of(root, "head -c 8 /dev/urandom | wc -c") == "8\n");
  CHECK(output_of(root, "echo x > /dev/stdout") == "x\n");
  struct stat before {
  }, after{};
  REQUIRE(::stat("/dev/null", &before) == 0);
  CHECK(shell(root, "chmod 600 /dev/null").status != 0);
  CHECK(shell(root, "chown 1 /dev/null").status != 0);
  CHECK(shell(root, "rm -f /dev/null").status != 0);
  REQUIRE(::stat("/dev/null", &after) == 0);
  CHECK(before.st_mode == after.st_mode);
  CHECK(before.st_uid == after.st_uid);
  CHECK(output_of(root, "ls -1 /dev | tr '\\n' ' '") ==
        "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero ");
}

TEST_CASE("a contained command cannot change the kernel's settings") {
  const test::HostUsrRoot root;
  for (const char* file : {"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
                           "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches"}) {
    INFO(file);
    if (!std::filesystem::exists(file)) continue;  // A kernel without magic SysRq.
    CHECK(shell(root, fmt::format("echo x > {}", file)).standard_error.find("Read-only") !=
          std::string::npos);
  }
  CHECK(output_of(root, "ls -A /sys") == "");
  CHECK(output_of(root, "cat /proc/cmdline") == "");
  CHECK(shell(root, "date -s 2001-01-01").status != 0);
  CHECK(shell(root, "hostname other").status != 0);
  CHECK(output_of(root, "cat /proc/sys/kernel/hostname") == "localhost\n");
}

TEST_CASE("a contained command keeps just the capabilities that packages need") {
  const test::HostUsrRoot root;
  // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, SYS_CHROOT 18,
  // MKNOD 27, AUDIT_WRITE 29, SETFCAP 31.
  CHECK(output_of(root, "grep ^Cap /proc/self/status | tr -d '\\t\\n'") ==
        "CapInh:0000000000000000CapPrm:00000000a80400fbCapEff:00000000a80400fb"
        "CapBnd:00000000a80400fbCapAmb:0000000000000000");
}

TEST_CASE("a contained command cannot reach the host's files") {
  const test::HostUsrRoot root;
  const test::ScratchFolder outside;
  std::filesystem::create_symlink(outside.path(), root.path() / "way-out");
  CHECK(shell(root, "echo x > /way-out/file").status != 0);
  CHECK(shell(root, "cd / && cd ../../../../ && ls -d way-out").status == 0);
  // Out of a chroot, there is only the same root.
  CHECK(output_of(root,
                  "mkdir /var/jail && chroot /usr /bin/true; "
                  "cat /proc/mounts | cut -d' ' -f2 | grep -vc -e ^/proc -e ^/dev") == "5\n");
  CHECK(std::filesystem::is_empty(outside.path()));
}

TEST_CASE("what is left in /tmp, /run and /dev does not stay in the root") {
  const test::HostUsrRoot root;
  CHECK(output_of(root, "touch /tmp/a /run/b /dev/c /dev/shm/d; ls /tmp /run | tr '\\n' ' '") ==
        "/run: b  /tmp: a ");
  for (const char* name : {"tmp", "run", "dev", "proc", "sys"}) {
    INFO(name);
    CHECK(std::filesystem::is_empty(root.path() / name));
  }
  struct stat status {};
  REQUIRE(::stat((root.path() / "tmp").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 01777);
  REQUIRE(::stat((root.path() / "proc").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0555);
}

TEST_CASE("the mode that a package gives to a covered directory reaches the image") {
  const test::HostUsrRoot root;
  CHECK(output_of(root, "chmod 0511 /sys; chmod 0700 /run; chown 0:5 /tmp; chmod 0500 /proc") ==
        "");
  struct stat status {};
  REQUIRE(::stat((root.path() / "sys").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0511);
  REQUIRE(::stat((root.path() / "run").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0700);
  REQUIRE(::stat((root.path() / "proc").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0500);
  REQUIRE(::stat((root.path() / "tmp").c_str(), &status) == 0);
  CHECK(status.st_gid == 5);
}

TEST_CASE("a link in place of a covered directory is refused") {
  const test::HostUsrRoot root;
  std::filesystem::create_symlink("/etc", root.path() / "run");
  CHECK_THROWS_WITH(shell(root, "true"),
                    Catch::Matchers::StartsWith("cannot mount on '/run' in the root: "));
}

TEST_CASE("a daemon that a command leaves behind is ended with it") {
  const test::HostUsrRoot root;
  const std::string marker = fmt::format("31415.{}", ::getpid());
  CHECK(output_of(root, fmt::format("setsid sh -c 'sleep {0} & sleep {0} &' & sleep 0.2; echo ok",
                                    marker)) == "ok\n");
  CHECK_FALSE(runs(marker));
}

TEST_CASE("a fork bomb ends, and takes nobody with it") {
  const test::HostUsrRoot root;
  utsname system{};
  int major = 0, minor = 0;
  REQUIRE(::uname(&system) == 0);
  REQUIRE(std::sscanf(system.release, "%d.%d", &major, &minor) == 2);
  if (major < 6 || (major == 6 && minor < 14)) {
    WARN("before Linux 6.14 a namespace has no limit of its own; an interrupt still ends a bomb");
    return;
  }
  const RootCommandResult result = shell(root,
                                         "mkfifo /tmp/f; i=0; while [ $i -lt 6000 ]; do (read x < "
                                         "/tmp/f) & i=$((i+1)); done; echo all");
  CHECK(result.standard_output.find("all") == std::string::npos);
  CHECK(result.standard_error.find("fork") != std::string::npos);
}

TEST_CASE("everything inside ends with the process outside, even by SIGKILL") {
  const test::HostUsrRoot root;
  const std::string marker = fmt::format("27182.{}", ::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      run_contained(root.path(),
                    {{"sh", "-c", fmt::format("sleep {0} & sleep {0}", marker)}, "", {}});
    } catch (...) {
    }
    ::_exit(0);
  }
  for (int i = 0; i < 500 && !runs(marker); ++i) std::this_thread::sleep_for(10ms);
  REQUIRE(runs(marker));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int i = 0; i < 500 && runs(marker); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(runs(marker));
}

TEST_CASE("killed at any moment of the start, nothing stays behind") {
  const test::HostUsrRoot root;
  const std::string marker = fmt::format("16180.{}", ::getpid());
  for (int microseconds = 0; microseconds < 12000; microseconds += 400) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        run_contained(root.path(), {{"sleep", marker}, "", {}});
      } catch (...) {
      }
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  for (int i = 0; i < 500 && runs(marker); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(runs(marker));
}

TEST_CASE("this process can start others as before, after a contained one") {
  const test::HostUsrRoot root;
  CHECK(shell(root, "true").status == 0);
  // A PID namespace that is still set for children would refuse this fork.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(::getpid() > 2 ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a clone is answered by a copy where that is asked for, and by the kernel elsewhere") {
  const test::HostUsrRoot root;  // On tmpfs, which has no reflinks.
  RootCommand command{{"sh", "-c",
                       "head -c 3000000 /dev/zero | tr '\\0' x > from; : > empty\n"
                       "cp --reflink=always from to && cmp from to || exit 1\n"
                       "cp --reflink=always empty made && test -e made && test ! -s made"}};
  CHECK(run_contained(root.path(), command).status == 1);
  command.clones = CloneRequests::answered;
  const RootCommandResult result = run_contained(root.path(), command);
  INFO(result.standard_error);
  CHECK(result.status == 0);
}

TEST_CASE("a clone reaches nothing that the process could not read and write itself") {
  const test::HostUsrRoot root;
  RootCommand command{{"python3", "-c", R"(
import errno, fcntl, os
open('from', 'w').write('new')
def clone(to, source, flags=os.O_RDWR | os.O_CREAT, source_flags=os.O_RDONLY):
    a, b = os.open(to, flags, 0o644), os.open(source, source_flags)
    try:
        fcntl.ioctl(a, 0x40049409, b)
        return 'made'
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(a), os.close(b)
print(clone('to', 'from'), open('to').read())
print(clone('to', 'from'), 'has something')
print(clone('none', 'from', os.O_RDONLY | os.O_CREAT), os.stat('none').st_size)
print(clone('none', 'from', source_flags=os.O_WRONLY), os.stat('none').st_size)
print(clone('none', '/dev/zero'), os.stat('none').st_size)
print(clone('/dev/null', 'from', os.O_RDWR))
os.chmod('from', 0o4755)
print(clone('none', 'from'), os.stat('none').st_size)
os.chmod('from', 0o755)
os.truncate('from', 257 << 20)
print(clone('none', 'from'), os.stat('none').st_size)
try:
    fcntl.ioctl(99, 0x40049409, 98)
except OSError as error:
    print(errno.errorcode[error.errno])
)"}};
  command.clones = CloneRequests::answered;
  const RootCommandResult result = run_contained(root.path(), command);
  INFO(result.standard_error);
  CHECK(result.standard_output ==
        "made new\n"
        "ENOTSUP has something\n"
        "EBADF 0\n"
        "EBADF 0\n"
        "EXDEV 0\n"
        "EXDEV\n"
        "ENOTSUP 0\n"
        "ENOTSUP 0\n"
        "EBADF\n");
}

TEST_CASE("who asks for clones without end is ended like any other") {
  const test::HostUsrRoot root;
  RootCommand command{{"sh", "-c",
                       "echo x > from; (while :; do cp --reflink=always from to; done) & "
                       "cp --reflink=always from other; exit 5"}};
  command.clones = CloneRequests::answered;
  CHECK(run_contained(root.path(), command).status == 5);
}
