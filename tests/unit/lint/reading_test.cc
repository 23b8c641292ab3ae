#include <catch2/catch.hpp>
#include <zlib.h>
#include <zstd.h>

#include "composer/base/decompress.h"
#include "composer/error.h"
#include "composer/lint/boot_entries.h"
#include "composer/lint/config_text.h"
#include "composer/lint/dpkg_status.h"
#include "composer/lint/fstab.h"
#include "composer/lint/initramfs_listing.h"
#include "composer/lint/kernels.h"
#include "composer/lint/portable_executable.h"
#include "composer/lint/sshd_options.h"
#include "composer/lint/unit_files.h"

#include "tests/unit/lint/sample_image.h"

namespace composer::lint {
namespace {

std::string zstd(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1));
  return out;
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string in = bytes, out(bytes.size() + 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string refusal(const std::string& bytes) {
  try {
    list_initramfs(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

std::vector<std::string> yaml(std::string_view text) {
  const YamlList list = yaml_list(text, "key");
  if (list.state == YamlList::State::absent) return {"absent"};
  if (list.state == YamlList::State::not_understood) return {"not understood"};
  return list.items;
}

TEST_CASE("an initramfs is listed, whatever it is made of") {
  const std::string early = cpio_archive({"early_cpio", "kernel/x86/microcode/GenuineIntel.bin"});
  const std::string rest = cpio_archive({"./init", "/usr/lib/modules/1/hv_vmbus.ko.xz"});
  const std::set<std::string> both = {"early_cpio", "kernel/x86/microcode/GenuineIntel.bin", "init",
                                      "usr/lib/modules/1/hv_vmbus.ko.xz"};
  CHECK(list_initramfs(early + std::string(512, '\0') + zstd(rest)) == both);
  CHECK(list_initramfs(early + gzip(rest)) == both);
  CHECK(list_initramfs(early + rest + std::string(256, '\0')) == both);
  CHECK(list_initramfs(zstd(early) + std::string(4, '\0') + gzip(rest)) == both);
}

TEST_CASE("what is no initramfs, or half of one, is refused") {
  const std::string whole = cpio_archive({"init"});
  CHECK(refusal("") == "cannot read the initramfs: it is empty");
  CHECK(refusal("a text") ==
        "cannot read the initramfs: it begins with neither a cpio archive nor a compression that "
        "is known");
  CHECK(refusal(whole.substr(0, 120)) ==
        "cannot read the initramfs: it ends in the middle of a file");
  CHECK(refusal("070707" + std::string(200, '0')) ==
        "cannot read the initramfs: it is not a cpio archive in the \"newc\" format");
  CHECK(refusal("070701" + std::string(200, 'z')) ==
        "cannot read the initramfs: a cpio header has a number that is none");
  std::string long_name = whole;
  long_name.replace(6 + 11 * 8, 8, "7FFFFFFF");
  CHECK(refusal(long_name) ==
        "cannot read the initramfs: a cpio header has a name of an absurd length");
  const std::string packed = zstd(whole);
  CHECK(refusal(packed.substr(0, packed.size() - 3)) == "a zstd stream is damaged or cut short");
  CHECK(refusal(gzip(whole).substr(0, 20)) == "a gzip stream is damaged or cut short");
  CHECK(refusal(std::string("\xfd\x37zXZ\0no", 8)) == "a xz stream is damaged or cut short");
  CHECK(refusal(zstd("a text")) ==
        "cannot read the initramfs: something else than cpio is compressed in it");
}

TEST_CASE("what unpacks to too much is refused") {
  CHECK_THROWS_WITH(unpack(zstd(std::string(4096, 'x')), KiB(2)), "it unpacks to more than 2 KiB");
  CHECK(unpack(zstd("small"), KiB(2)) == "small");
  CHECK(unpack("as it is", KiB(2)) == "as it is");
}

TEST_CASE("sections and certificates of an EFI program are read within its bytes") {
  const std::string program = efi_program({{".sbat", "sbat,1"}, {".osrel", "ID=x"}}, "signer");
  const auto pe = read_portable_executable(program);
  REQUIRE(pe);
  CHECK(pe->machine == 0x8664);
  CHECK(pe->section(".sbat") == "sbat,1");
  CHECK(pe->section(".osrel") == "ID=x");
  CHECK_FALSE(pe->section(".linux"));
  CHECK(pe->certificates == "signer");
  CHECK(read_portable_executable(efi_program({}, ""))->certificates.empty());
  // Cut anywhere, it is refused or what is left is inside.
  for (std::size_t size = 0; size < program.size(); ++size) {
    const std::string cut = program.substr(0, size);
    if (const auto part = read_portable_executable(cut)) {
      for (const PeSection& section : part->sections) {
        CHECK(section.content.data() + section.content.size() <= cut.data() + cut.size());
      }
    }
  }
  std::string far = program;
  far.replace(0x3c, 4, "\xff\xff\xff\xff");
  CHECK_FALSE(read_portable_executable(far));
}

TEST_CASE("cloud-init's lists are read in the forms in which they are written") {
  CHECK(yaml("other: 1\n") == std::vector<std::string>{"absent"});
  CHECK(yaml("key: [ Azure, 'NoCloud', \"None\" ]  # all\n") ==
        std::vector<std::string>{"Azure", "NoCloud", "None"});
  CHECK(yaml("key: [\n  Azure,\n  None,\n]\n") == std::vector<std::string>{"Azure", "None"});
  CHECK(yaml("key:\n# x\n - a\n - [b, always]\n\n - c\nother:\n - d\n") ==
        std::vector<std::string>{"a", "b", "c"});
  CHECK(yaml("key:\nother: 1\n").empty());
  CHECK(yaml("key: [a]\nkey: [b]\n") == std::vector<std::string>{"b"});
  CHECK(yaml("  key: [a]\n") == std::vector<std::string>{"absent"});
  CHECK(yaml("key: *anchor\n") == std::vector<std::string>{"not understood"});
  CHECK(yaml("key: [a, b\n") == std::vector<std::string>{"not understood"});
  CHECK(yaml("key: [{a: b}]\n") == std::vector<std::string>{"not understood"});
  CHECK(yaml("key:\n  a: b\n") == std::vector<std::string>{"not understood"});
  // However long, it ends at once.
  std::string endless = "key: [\n";
  for (int i = 0; i < 1'000'000; ++i) endless += "[,\n";
  CHECK(yaml(endless) == std::vector<std::string>{"not understood"});
}

TEST_CASE("versions compare as rpm compares them") {
  CHECK(compare_versions("2.2.53.1", "2.2.53.1") == 0);
  CHECK(compare_versions("2.2.46", "2.2.53.1") < 0);
  CHECK(compare_versions("2.12.0.2", "2.2.53.1") > 0);
  CHECK(compare_versions("6.18.31-1.6.azl4", "5.15") > 0);
  CHECK(compare_versions("5.4", "5.15") < 0);
  CHECK(compare_versions("1.0~rc1", "1.0") < 0);
  CHECK(compare_versions("3.0a", "3.0") > 0);
}

TEST_CASE("fstab is read with its escapes, and half lines are not") {
  const auto entries =
      read_fstab("# comment\nUUID=x /\n\nLABEL=x /my\\040files vfat ro,umask=0077 0 0\nhalf /\n");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].line == 4);
  CHECK(entries[0].mount == "/my files");
  CHECK(entries[0].has_option("umask=0077"));
  CHECK_FALSE(entries[0].has_option("umask"));
}

TEST_CASE("a unit's state comes from links, masks and the presets of a first start") {
  MemoryRoot root;
  const std::string unit = "/usr/lib/systemd/system/x.service";
  root.file("/etc/machine-id", "");
  CHECK(unit_state(root, "x.service") == UnitState::absent);
  root.file(unit, "[Unit]\n[Install]\nWantedBy=a.target\n");
  CHECK(unit_state(root, "x.service") == UnitState::disabled);
  root.file("/etc/machine-id", "uninitialized\n");
  CHECK(unit_state(root, "x.service") == UnitState::enabled);
  root.file("/usr/lib/systemd/system-preset/99.preset", "disable *\n");
  CHECK(unit_state(root, "x.service") == UnitState::disabled);
  root.file("/usr/lib/systemd/system-preset/50.preset", "# x\nenable x.*\n");
  CHECK(unit_state(root, "x.service") == UnitState::enabled);
  root.file("/etc/systemd/system-preset/50.preset", "disable x.service\n");
  CHECK(unit_state(root, "x.service") == UnitState::disabled);
  root.link("/etc/systemd/system/a.target.requires/x.service", unit);
  CHECK(unit_state(root, "x.service") == UnitState::enabled);
  CHECK(unit_state(root, {"y.service", "x.service"}) == UnitState::enabled);
  root.link("/etc/systemd/system/x.service", "/dev/null");
  CHECK(unit_state(root, "x.service") == UnitState::masked);
}

TEST_CASE("sshd's options are those of the first file that sets them, outside Match") {
  MemoryRoot root;
  root.file("/etc/ssh/sshd_config",
            "Include sshd_config.d/*.conf\nPermitRootLogin yes\nMatch all\nPort 23\n")
      .file("/etc/ssh/sshd_config.d/10.conf", "permitrootlogin = \"no\"\nMatch User a\nX y\n")
      .file("/etc/ssh/sshd_config.d/20.conf", "PermitRootLogin yes\nClientAliveInterval 60\n")
      .file("/etc/ssh/sshd_config.d/30.txt", "Banner x\n");
  const auto options = read_sshd_options(root);
  CHECK(options == std::map<std::string, std::string>{{"permitrootlogin", "no"},
                                                      {"clientaliveinterval", "60"}});
  // A file that includes itself ends.
  root.file("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config\nUsePAM yes\n");
  CHECK(read_sshd_options(root).at("usepam") == "yes");
}

TEST_CASE("boot entries come from GRUB's file, BLS entries and unified kernel images") {
  MemoryRoot root;
  root.file("/boot/vmlinuz-1", "x")
      .file("/boot/initramfs-1.img", "x")
      .file("/boot/grub2/grubenv", "kernelopts=root=LABEL=a quiet\n")
      .file("/boot/grub2/grub.cfg",
            "set extra=\"console=ttyS0\"\n linux ($root)/vmlinuz-1 $kernelopts ${extra} $none\n"
            " initrd /initramfs-1.img /lost.img\n")
      .file("/boot/loader/entries/a.conf",
            "version 1\nlinux /vmlinuz-1\ninitrd /initramfs-1.img\noptions $kernelopts\n")
      .file("/boot/loader/entries/empty.conf", "title x\n")
      .file(
          "/boot/efi/EFI/Linux/one.efi",
          efi_program(
              {{".linux", "k"}, {".initrd", "i"}, {".cmdline", "a \"b c\""}, {".uname", "2"}}, ""))
      .file("/boot/efi/EFI/Linux/one.efi.extra.d/x.addon.efi",
            efi_program({{".cmdline", "fips=1"}}, ""))
      .file("/boot/efi/EFI/Linux/bad.efi", "text");
  const BootEntries found = read_boot_entries(root, "/boot/efi");
  REQUIRE(found.entries.size() == 3);
  CHECK(found.entries[0].kernel == "/boot/vmlinuz-1");
  CHECK(found.entries[0].arguments ==
        std::vector<std::string>{"root=LABEL=a", "quiet", "console=ttyS0"});
  CHECK(found.entries[0].missing == std::vector<std::string>{"/lost.img"});
  CHECK(found.entries[1].place == "/boot/loader/entries/a.conf");
  CHECK(found.entries[1].values("root") == std::vector<std::string>{"LABEL=a"});
  CHECK(found.entries[2].unified);
  CHECK(found.entries[2].version == "2");
  CHECK(found.entries[2].arguments == std::vector<std::string>{"a", "b c", "fips=1"});
  CHECK(found.problems ==
        std::vector<std::string>{"/boot/loader/entries/empty.conf names no kernel",
                                 "/boot/efi/EFI/Linux/bad.efi is no unified kernel image"});
}

TEST_CASE("dpkg's list has what is installed, and what was removed but for its configuration") {
  const auto packages = dpkg_packages(
      "Package: openssl\nStatus: install ok installed\nVersion: 3.0.15-1~deb12u1\nDescription: x\n"
      " Package: not\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
      "Package: cloud-init\r\nStatus: install ok installed\r\nVersion: 1:22.4.2\r\n");
  REQUIRE(packages.size() == 2);
  CHECK(packages[0].name == "cloud-init");
  CHECK(packages[0].version == "22.4.2");
  CHECK(packages[0].release.empty());
  CHECK(packages[1].name == "openssl");
  CHECK(packages[1].version == "3.0.15");
  CHECK(packages[1].release == "1~deb12u1");
  CHECK(dpkg_packages("Status: install ok installed\n").empty());
}

TEST_CASE("denied modules are those of modprobe's files, /etc before /usr") {
  MemoryRoot root;
  root.file("/usr/lib/modprobe.d/a.conf", "blacklist udf\n")
      .file("/etc/modprobe.d/a.conf", "install vfat /bin/true\ninstall snd modprobe snd2\n");
  CHECK(denied_modules(root) ==
        std::map<std::string, std::string>{{"vfat", "/etc/modprobe.d/a.conf"}});
}

TEST_CASE("an image's own words are shown printable and short") {
  CHECK(shown("a\x1b[31mb\n") == "a?[31mb?");
  CHECK(shown(std::string(159, 'x') + "ü") == std::string(159, 'x') + "…");
}

}  // namespace
}  // namespace composer::lint
