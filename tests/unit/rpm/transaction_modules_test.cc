#include "composer/rpm/transaction_modules.h"

#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using rpm::ModuleUse;
using test::InstalledRoot;

// What stands for depmod leaves modules out where it is configured to, as kmod's does. Of the
// others it lists the first letters, which tell what is compressed ("7zX") from what is not
// ("ELF"), and the size.

namespace {

struct ModulesRoot : InstalledRoot {
  ModulesRoot() {
    const std::filesystem::path tool = programs_.path() / "depmod";
    std::ofstream(tool)
        << "#!/bin/sh\ncd \"/usr/lib/modules/$2\" || exit 1\n"
           "test ! -e fail || { echo no symbols; exit 3; }\n"
           "left_out=$(cat /run/depmod.d/*.conf 2>/dev/null)\n"
           "echo \"$* ${left_out:-all}\" >>/calls\n"
           "test -n \"$left_out\" || for file in $(find -L . -name '*.ko*' | sort); do\n"
           "  echo \"$file $(head -c 4 \"$file\" | tail -c 3) $(wc -c <\"$file\")\"\n"
           "done >new\ntouch new\nmv new modules.dep\n";
    std::filesystem::permissions(tool, std::filesystem::perms(0755));
    mounts_.push_back(mount::Mount::bind(programs_.path(), {root.path(), "/usr/local/bin"}, {}));
    mounts_.push_back(mount::Mount::bind(modules_.path(), {root.path(), "/usr/lib/modules"}, {}));
  }
  /// A package of one module, of 20 KB, that needs `needs`.
  std::filesystem::path package(const std::string& name, const std::string& needs,
                                const std::string& post = kIndex,
                                const std::string& kernel = "1.0") const {
    const std::string file = "/usr/lib/modules/" + kernel + "/kernel/net/" + name + ".ko.xz";
    return rpms.build(name, "Requires: " + needs +
                                "\n%description\n%install\nmkdir -p $(dirname %{buildroot}" + file +
                                ")\n{ printf '\\177ELF'; yes " + name +
                                " | head -c 20000; } | xz >%{buildroot}" + file + "\n%post\n" +
                                post + "\n%files\n" + file + "\n");
  }
  /// What depmod was called for, and whether it was to leave something out.
  std::string calls() const { return read("calls"); }
  std::string index() const { return read("usr/lib/modules/1.0/modules.dep"); }
  std::string size_of(const std::string& name) const {
    return std::to_string(std::filesystem::file_size(
        root.path() / "usr/lib/modules/1.0/kernel/net" / (name + ".ko.xz")));
  }

  static inline const std::string kIndex = "depmod -a 1.0";
  static inline const std::string kLeftOut =
      "-a 1.0 exclude extra kernel misc updates weak-updates\n";

 private:
  test::ScratchFolder programs_, modules_;
  std::vector<mount::Mount> mounts_;
};

const std::string kBoth = "./kernel/net/core.ko.xz ELF 20004\n./kernel/net/more.ko.xz ELF 20004\n";

}  // namespace

TEST_CASE("modules are indexed once, decompressed, and before %posttrans") {
  ModulesRoot root;
  const auto after = root.rpms.build("zafter",
                                     "Requires: more\n%description\n%posttrans\ncat "
                                     "/usr/lib/modules/1.0/modules.dep >/seen\n%files\n");
  root.install(
      {root.package("core", "shell"), root.package("more", "core"), after, root.rpms.shell()});
  CHECK(root.calls() == ModulesRoot::kLeftOut + ModulesRoot::kLeftOut + "-a 1.0 all\n");
  CHECK(root.index() == kBoth);
  CHECK(root.read("seen") == kBoth);
  SECTION("those that are installed already are beside them, so that they are read as they are") {
    root.install({root.package("third", "more")});
    CHECK(root.index().find("third.ko.xz 7zX") != std::string::npos);
    CHECK(root.index().find("core.ko.xz 7zX") != std::string::npos);
  }
}

TEST_CASE("the last package may be one with modules") {
  ModulesRoot root;
  root.install({root.package("core", "shell"), root.rpms.shell()});
  CHECK(root.index() == "./kernel/net/core.ko.xz ELF 20004\n");
}

TEST_CASE("a scriptlet that uses an index has one") {
  ModulesRoot root;
  const std::string use = "modinfo -k 1.0 core || :";
  SECTION("of a package that is installed") {
    root.install(
        {root.package("core", "shell"), root.package("more", "core"),
         root.rpms.build("user", "Requires: more\n%description\n%post\n" + use + "\n%files\n"),
         root.rpms.shell()});
  }
  SECTION("of one that is there, by a trigger") {
    root.install({root.rpms.build("user", "Requires: shell\n%description\n%triggerin -- more\n" +
                                              use + "\n%files\n"),
                  root.rpms.shell()});
    root.install({root.package("core", "shell"), root.package("more", "core")});
  }
  CHECK(root.calls() == "-a 1.0 all\n-a 1.0 all\n");
}

TEST_CASE("modules that are not those of the packages are read as they are") {
  ModulesRoot root;
  const std::string change = GENERATE(
      "printf x >>/usr/lib/modules/1.0/kernel/net/core.ko.xz",
      "touch -d @1500000000 /usr/lib/modules/1.0/kernel/net/core.ko.xz",
      "cp /usr/lib/modules/1.0/kernel/net/core.ko.xz /usr/lib/modules/1.0/kernel/new.ko.xz",
      "cd /usr/lib/modules/1.0; mv kernel/net other; ln -s ../other kernel/net",
      "cd /usr/lib/modules/1.0; mv kernel other; ln -s other kernel");
  root.install({root.package("core", "shell"),
                root.package("more", "core", change + "\ndepmod -a 1.0"), root.rpms.shell()});
  INFO(root.index());
  CHECK(root.index().find("ELF") == std::string::npos);
  CHECK(root.index().find("core.ko.xz 7zX") != std::string::npos);
  CHECK(root.index().find("more.ko.xz 7zX") != std::string::npos);
}

TEST_CASE("each kernel has its own index") {
  ModulesRoot root;
  root.install(
      {root.package("core", "shell"),
       root.package("other", "core", "depmod -a 2.0\nln -s 1.0 /usr/lib/modules/3.0", "2.0"),
       root.rpms.build("zlast", "Requires: other\n%description\n%files\n"), root.rpms.shell()});
  CHECK(root.index() == "./kernel/net/core.ko.xz ELF 20004\n");
  CHECK(root.read("usr/lib/modules/2.0/modules.dep") == "./kernel/net/other.ko.xz ELF 20004\n");
  const std::string calls = root.calls();
  CHECK(calls.find("-a 1.0 all\n") != std::string::npos);
  CHECK(calls.find("-a 2.0 all\n") != std::string::npos);
  CHECK(calls.find("-a 3.0") == std::string::npos);
}

TEST_CASE("a module that comes by a program nobody knows is in the index as well") {
  ModulesRoot root;
  const auto program = root.rpms.build(
      "program",
      "Requires: core\n%description\n%install\nmkdir -p %{buildroot}/opt\n"
      "printf '#!/bin/sh\\ncp /usr/lib/modules/1.0/kernel/net/core.ko.xz "
      "/usr/lib/modules/1.0/kernel/late.ko.xz\\n' >%{buildroot}/opt/program\n"
      "chmod 755 %{buildroot}/opt/program\n%post\n/opt/program\n%files\n/opt/program\n");
  root.install({root.package("core", "shell"), program, root.rpms.shell()});
  CHECK(root.index() == "./kernel/late.ko.xz 7zX " + root.size_of("core") +
                            "\n./kernel/net/core.ko.xz 7zX " + root.size_of("core") + "\n");
}

TEST_CASE("what is in too many folders, and what is no module, is read as it is") {
  ModulesRoot root;
  // rpm has files sorted: twice.ko.xz comes second.
  const bool twice = GENERATE(false, true);
  const std::string file = "%{buildroot}/usr/lib/modules/1.0/f10/twice.ko.xz\n";
  const auto many = root.rpms.build(
      "many",
      "Requires: shell\n%description\n%install\nfor i in $(seq 10 26); do\n"
      "  mkdir -p %{buildroot}/usr/lib/modules/1.0/f$i\n"
      "  printf '\\177ELF' | xz >%{buildroot}/usr/lib/modules/1.0/f$i/a.ko.xz\ndone\n" +
          (twice ? "printf '\\177ELF' | gzip -n | xz >" + file : std::string()) +
          "%post\ndepmod -a 1.0\n%files\n/usr/lib/modules/1.0\n");
  root.install({many, root.rpms.shell()});
  CHECK((root.index().find("./f10/a.ko.xz ELF 4\n") == std::string::npos) == twice);
  CHECK((root.index().find("./f25/a.ko.xz ELF 4\n") == std::string::npos) == twice);
  CHECK(root.index().find("./f26/a.ko.xz 7zX") != std::string::npos);
}

TEST_CASE("where no scriptlet asks for an index, none is made") {
  ModulesRoot root;
  root.install({root.package("core", "shell", ":"), root.rpms.shell()});
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "calls"));
}

TEST_CASE("depmod that fails fails the installation, with what it said") {
  ModulesRoot root;
  const std::string fail = "depmod -a 1.0; touch /usr/lib/modules/1.0/fail";
  const std::string said =
      root.refusal({root.package("core", "shell", fail), root.rpms.shell(),
                    root.rpms.build("zlast", "Requires: core\n%description\n%files\n")})
          .to_text();
  CHECK_THAT(said, Catch::Matchers::Contains("'depmod -a 1.0' in the image ended with status 3") &&
                       Catch::Matchers::Contains("| no symbols"));
}

TEST_CASE("what a scriptlet has to do with indexes of modules is seen in its text") {
  const auto use = rpm::module_use_of;
  // Fedora's kernel-modules: a file that is named after dracut.
  CHECK(use("/sbin/depmod -a 6.12\ntouch /var/lib/rpm-state/kernel/need_to_run_dracut_6.12") ==
        ModuleUse::indexes);
  CHECK(use("depmod -aeF /boot/System.map-6.12 6.12 > /dev/null || : -n") == ModuleUse::indexes);
  CHECK(use("depmod -b /sysroot -a 6.12") == ModuleUse::uses);
  CHECK(use("depmod -a 6.12; depmod 6.12 --outdir=/x") == ModuleUse::uses);
  CHECK(use("depmod -an 6.12 >/tmp/x") == ModuleUse::uses);
  CHECK(use("cp a.ko /lib/modules/6.12/extra/") == ModuleUse::changes);
  CHECK(use("/usr/bin/dracut -f --kver 6.12") == ModuleUse::uses);
  CHECK(use("if ! modprobe vfat; then :; fi") == ModuleUse::uses);
  CHECK(use("x=$(weak-modules --add-kernel)") == ModuleUse::uses);
  CHECK(use("grep xfs /lib/modules/6.12/modules.dep") == ModuleUse::uses);
  CHECK(use("systemctl daemon-reload\nldconfig") == ModuleUse::none);
  CHECK(use("") == ModuleUse::none);
}
