#include <sys/wait.h>
#include <unistd.h>

#include "composer/host/interrupt.h"

#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using test::InstalledRoot;

namespace {

std::string to_text(const Error& error) {
  return error.to_text();
}

}  // namespace

TEST_CASE("a scriptlet that fails ends the build, with its package, phase and output") {
  const std::string phase = GENERATE(as<std::string>{}, "%pre", "%post", "%posttrans");
  InstalledRoot root;
  const auto package = root.rpms.build("bad", "%description\n" + phase +
                                                  "\nfor i in $(seq 30); do echo line $i; done\n"
                                                  "echo to standard error >&2\nexit 3\n%files\n");
  const Error error = root.refusal({package, root.rpms.shell()});
  CHECK(error.kind() == ErrorKind::build);
  const std::string text = to_text(error);
  CHECK_THAT(text, Catch::Matchers::StartsWith("error: scriptlet " + phase +
                                               " of package 'bad-1-1.noarch' failed\n"));
  CHECK_THAT(text, Catch::Matchers::Contains("scriptlet failed, exit status 3"));
  CHECK_THAT(text, Catch::Matchers::Contains("| line 30\n  | to standard error\n"));
  CHECK_THAT(text, !Catch::Matchers::Contains("| line 5\n"));
  CHECK_THAT(text, Catch::Matchers::EndsWith("  while installing the packages\n"));
}

TEST_CASE("a Lua scriptlet that fails ends the build in every phase") {
  const std::string phase = GENERATE(as<std::string>{}, "%pretrans", "%pre", "%post", "%posttrans");
  InstalledRoot root;
  const auto package = root.rpms.build(
      "bad", "%description\n" + phase + " -p <lua>\nprint('told'); error('on purpose')\n%files\n");
  const std::string text = to_text(root.refusal({package}));
  CHECK_THAT(text, Catch::Matchers::StartsWith("error: scriptlet " + phase +
                                               " of package 'bad-1-1.noarch' failed\n"));
  CHECK_THAT(text, Catch::Matchers::Contains("on purpose"));
  CHECK_THAT(text, Catch::Matchers::Contains("| told\n"));
}

TEST_CASE("a trigger that fails ends the build, and is told by its own package") {
  const std::string phase = GENERATE(as<std::string>{}, "%triggerin -- other",
                                     "%filetriggerin -- /opt", "%transfiletriggerin -- /opt");
  InstalledRoot root;
  const auto package = root.rpms.build(
      "watcher", "%description\n" + phase + "\ncat > /dev/null; echo no; kill -SEGV $$\n%files\n");
  const auto other =
      root.rpms.build("other",
                      "Requires: watcher\n%description\n%install\nmkdir -p %{buildroot}/opt\n"
                      "touch %{buildroot}/opt/f\n%files\n/opt/f\n");
  const std::string text = to_text(root.refusal({package, other, root.rpms.shell()}));
  CHECK_THAT(text, Catch::Matchers::Contains("of package 'watcher-1-1.noarch' failed\n"));
  CHECK_THAT(text, Catch::Matchers::Contains("signal 11"));
  CHECK_THAT(text, Catch::Matchers::Contains("| no\n"));
}

TEST_CASE("an interpreter that is not there fails the scriptlet") {
  InstalledRoot root;
  const auto package =
      root.rpms.build("bad", "Provides: /opt/none\n%description\n%post -p /opt/none\nx\n%files\n");
  CHECK_THAT(to_text(root.refusal({package})),
             Catch::Matchers::StartsWith("error: scriptlet %post of package 'bad-1-1.noarch' "
                                         "failed\n"));
}

TEST_CASE("unmet dependencies and conflicts are all told, in words") {
  InstalledRoot root;
  const auto a =
      root.rpms.build("a", "Requires: libnone.so.1\nRequires: b >= 2\n%description\n%files\n");
  const auto b = root.rpms.build("b", "Conflicts: a\n%description\n%files\n");
  const Error error = root.refusal({a, b});
  std::vector<std::string> messages;
  for (const Problem& problem : error.problems()) messages.push_back(problem.message);
  std::sort(messages.begin(), messages.end());
  CHECK(messages ==
        std::vector<std::string>{
            "package 'a-1-1.noarch' needs 'b >= 2', which no package of this set provides",
            "package 'a-1-1.noarch' needs 'libnone.so.1', which no package of this set provides",
            "package 'b-1-1.noarch' conflicts with 'a'"});
  CHECK(root.rpm_says({"-qa"}).empty());
}

TEST_CASE("two packages with one path and different content are refused") {
  InstalledRoot root;
  const auto make = [&](const std::string& name) {
    return root.rpms.build(name, "%description\n%install\nmkdir -p %{buildroot}/opt\necho " + name +
                                     " > %{buildroot}/opt/same\n%files\n/opt/same\n");
  };
  const Error error = root.refusal({make("a"), make("b")});
  CHECK(std::string(error.what()) ==
        "packages 'a-1-1.noarch' and 'b-1-1.noarch' both have a file '/opt/same', and not the "
        "same");
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/same"));
}

TEST_CASE("a disk that is too small is seen before anything is unpacked") {
  InstalledRoot root;
  std::filesystem::create_directory(root.root.path() / "opt");
  const mount::Mount small("small", {root.root.path(), "/opt"}, "tmpfs", {"size=1m"});
  const auto package = root.rpms.build(
      "big",
      "%description\n%install\nmkdir -p %{buildroot}/opt\n"
      "dd if=/dev/urandom of=%{buildroot}/opt/f bs=1M count=4 2>/dev/null\n%files\n/opt/f\n");
  const std::string text = to_text(root.refusal({package}));
  CHECK_THAT(text, Catch::Matchers::Contains("package 'big-1-1.noarch' needs ") &&
                       Catch::Matchers::Contains("more than is free in the filesystem at '/opt'") &&
                       Catch::Matchers::Contains("hint: make its partition larger"));
  CHECK(std::filesystem::is_empty(root.root.path() / "opt"));
}

TEST_CASE("a disk that fills up meanwhile gives a clear error") {
  InstalledRoot root;
  std::filesystem::create_directory(root.root.path() / "opt");
  const mount::Mount small("small", {root.root.path(), "/opt"}, "tmpfs", {"size=8m"});
  const auto package = root.rpms.build(
      "big",
      "%description\n%install\nmkdir -p %{buildroot}/opt\n"
      "dd if=/dev/urandom of=%{buildroot}/opt/f bs=1M count=4 2>/dev/null\n"
      "%pre\ndd if=/dev/zero of=/opt/filler bs=1M count=6 2>/dev/null\n%files\n/opt/f\n");
  const std::string text = to_text(root.refusal({package, root.rpms.shell()}));
  CHECK_THAT(text, Catch::Matchers::StartsWith("error: cannot unpack package 'big-1-1.noarch'\n") &&
                       Catch::Matchers::Contains("No space left on device") &&
                       Catch::Matchers::Contains("hint: make the partition larger"));
}

TEST_CASE("an interrupt ends an installation at once, and everything in it") {
  InstalledRoot root;
  const auto package =
      root.rpms.build("slow", "%description\n%post\ntouch /started; sleep 600\n%files\n");
  const auto shell = root.rpms.shell();
  const pid_t child = ::fork();
  if (child == 0) {
    host::catch_interrupts();
    try {
      root.install({package, shell});
    } catch (const Error& error) {
      const bool ok = std::string_view(error.what()) == "interrupted; nothing was left behind";
      ::_exit(ok && ::waitpid(-1, nullptr, WNOHANG) == -1 ? 42 : 1);
    }
    ::_exit(2);
  }
  while (!std::filesystem::exists(root.root.path() / "started")) ::usleep(5000);
  ::kill(child, SIGINT);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 42);
}
