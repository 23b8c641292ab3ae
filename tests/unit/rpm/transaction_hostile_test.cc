#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using test::InstalledRoot;

namespace {

/// Whether any process of this machine has `marker` in its arguments.
bool runs(const std::string& marker) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream stream(entry.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(stream), {}};
    if (line.find(marker) != std::string::npos) return true;
  }
  return false;
}

void change_byte(const std::filesystem::path& path, std::int64_t from_end) {
  const FileDescriptor fd = open_file(path, O_RDWR);
  const auto at = static_cast<std::uint64_t>(::lseek(fd.get(), 0, SEEK_END) - from_end);
  char byte = 0;
  REQUIRE(::pread(fd.get(), &byte, 1, static_cast<off_t>(at)) == 1);
  byte = static_cast<char>(byte ^ 0x55);
  write_all_at(fd.get(), std::string_view(&byte, 1), at, "package");
}

const std::string kWithFile =
    "%description\n%install\nmkdir -p %{buildroot}/opt\n"
    "head -c 300000 /dev/urandom > %{buildroot}/opt/f\n%files\n/opt/f\n";

}  // namespace

// Packages come here checked as a whole; what changes afterwards fails where it is unpacked.
TEST_CASE("a package whose payload was changed is refused, and leaves no file") {
  InstalledRoot root;
  const auto package = root.rpms.build("changed", kWithFile);
  change_byte(package, 1000);
  const std::string text = root.refusal({package}).to_text();
  CHECK_THAT(text,
             Catch::Matchers::StartsWith("error: cannot unpack package 'changed-1-1.noarch'"));
  CHECK(std::filesystem::is_empty(root.root.path() / "opt"));
}

TEST_CASE("a package whose header was changed is refused") {
  InstalledRoot root;
  const auto package = root.rpms.build("changed", kWithFile);
  change_byte(package, 301500);
  CHECK_THAT(root.refusal({package}).to_text(),
             Catch::Matchers::StartsWith("error: cannot read package 'changed-1-1.noarch.rpm'\n"));
}

TEST_CASE("a file that is cut short, or no package at all, is refused") {
  InstalledRoot root;
  const auto package = root.rpms.build("cut", kWithFile);
  std::filesystem::resize_file(package, 5000);
  CHECK_THAT(root.refusal({package}).to_text(), Catch::Matchers::StartsWith("error: "));
  std::filesystem::resize_file(package, 100);
  CHECK_THAT(root.refusal({package}).to_text(),
             Catch::Matchers::StartsWith("error: cannot read package 'cut-1-1.noarch.rpm'\n"));
  std::ofstream(package) << "hello";
  CHECK_THAT(root.refusal({package}).to_text(),
             Catch::Matchers::StartsWith("error: cannot read package 'cut-1-1.noarch.rpm'\n"));
}

TEST_CASE("a package with a named pipe is refused, where librpm would wait for ever") {
  InstalledRoot root;
  const auto package = root.rpms.build(
      "pipe",
      "%description\n%install\nmkdir -p %{buildroot}/opt\nmkfifo %{buildroot}/opt/p\n"
      "%files\n/opt/p\n");
  CHECK_THAT(root.refusal({package}).to_text(),
             Catch::Matchers::StartsWith("error: package 'pipe-1-1.noarch' has a named pipe "
                                         "'/opt/p', at which librpm 4.18"));
}

TEST_CASE("a package file that changes during the installation is refused") {
  InstalledRoot root;
  const auto first = root.rpms.build("first", "%description\n%pre\nsleep 0.1\n%files\n");
  const auto second = root.rpms.build("second", "Requires: first\n" + kWithFile);
  struct Meddling final : test::HeardProgress {
    void advance(Stage stage, Amount done, std::string_view current) override {
      HeardProgress::advance(stage, done, current);
      if (current == "first-1-1.noarch") change_byte(victim, 1000);
    }
    std::filesystem::path victim;
  } progress;
  progress.victim = second;
  rpm::TransactionRequest request;
  request.root = root.root.path();
  request.packages = {first, second, root.rpms.shell()};
  request.database_path = "/var/lib/rpm";
  CHECK_THROWS_WITH(rpm::install_packages(request, progress),
                    "package '" + second.string() + "' was changed while it was being installed");
}

TEST_CASE("scriptlets can neither read nor forge what rpm says to us") {
  InstalledRoot root;
  const auto package = root.rpms.build(
      "forger",
      "%description\n%post\n"
      "echo '{\"error\": \"forged\"}'; ls /proc/self/fd/ | tr '\\n' ' '; echo\n"
      "for p in /proc/[0-9]*; do for f in 3 4 5 6 7 8 9; do\n"
      "  if test $p != /proc/$$ && readlink $p/fd/$f; then echo reached $p/fd/$f; fi\n"
      "done; done\nhead -c 1 /proc/2/mem && echo memory\nexit 0\n%files\n");
  root.install({package, root.rpms.shell()});
  const std::string source = "%post of forger-1-1.noarch: ";
  REQUIRE(root.progress.outputs.size() >= 2);
  CHECK(root.progress.outputs[0] == source + "{\"error\": \"forged\"}");
  CHECK(root.progress.outputs[1] == source + "0 1 2 3 ");
  for (const std::string& line : root.progress.outputs) {
    CHECK_THAT(line, !Catch::Matchers::Contains("reached"));
    CHECK(line != source + "memory");
  }
}

TEST_CASE("what a scriptlet prints cannot steer the terminal") {
  InstalledRoot root;
  const auto package = root.rpms.build(
      "painter", "%description\n%post\nprintf '\\033]0;title\\007 ok\\n'; exit 1\n%files\n");
  const std::string text = root.refusal({package, root.rpms.shell()}).to_text();
  CHECK_THAT(text, Catch::Matchers::Contains("| ?]0;title? ok\n"));
}

TEST_CASE("a scriptlet that prints without end is heard to its end") {
  InstalledRoot root;
  const auto package = root.rpms.build(
      "loud", "%description\n%post\nyes | head -c 20000000; echo last words; exit 1\n%files\n");
  CHECK_THAT(root.refusal({package, root.rpms.shell()}).to_text(),
             Catch::Matchers::Contains("| y\n  | last words\n"));
}

TEST_CASE("a daemon that a scriptlet leaves behind ends with the installation") {
  InstalledRoot root;
  const std::string marker = fmt::format("14142.{}", ::getpid());
  const auto package = root.rpms.build(
      "daemon", "%description\n%post\nsetsid sleep " + marker + " &\nsleep 0.1\n%files\n");
  root.install({package, root.rpms.shell()});
  CHECK_FALSE(runs(marker));
}

TEST_CASE("a package cannot write outside the root through a link") {
  InstalledRoot root;
  const test::ScratchFolder outside;
  std::filesystem::create_symlink(outside.path(), root.root.path() / "opt");
  const auto package = root.rpms.build("writer", kWithFile);
  try {
    root.install({package});
  } catch (const Error&) {
    // Refused or unpacked inside: both are right.
  }
  CHECK(std::filesystem::is_empty(outside.path()));
}

TEST_CASE("SIGKILL in the middle of a scriptlet leaves no process") {
  InstalledRoot root;
  const std::string marker = fmt::format("17320.{}", ::getpid());
  const auto package =
      root.rpms.build("slow", "%description\n%post\nsleep " + marker + "\n%files\n");
  const auto shell = root.rpms.shell();
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      root.install({package, shell});
    } catch (...) {
    }
    ::_exit(0);
  }
  while (!runs(marker)) ::usleep(5000);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int i = 0; i < 1000 && runs(marker); ++i) ::usleep(5000);
  CHECK_FALSE(runs(marker));
}
