#include "composer/disk/fat_name.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <set>

#include "composer/error.h"

using namespace composer;
using namespace composer::disk;

namespace {

std::string alias_of(const FatName& name) {
  return {name.alias.begin(), name.alias.end()};
}

FatName only(const std::string& name) {
  return fat_names({name}, "/boot/efi").at(0);
}

std::uint32_t get16(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + 1])) << 8;
}

}  // namespace

TEST_CASE("a name in capitals of eight and three needs no long name") {
  const FatName name = only("BOOTX64.EFI");
  CHECK(alias_of(name) == "BOOTX64 EFI");
  CHECK(name.long_name.empty());
  CHECK(name.slots() == 1);
  CHECK(alias_of(only("EFI")) == "EFI        ");
}

TEST_CASE("lower case is kept by a long name, and the alias is the name itself") {
  const FatName name = only("grub.cfg");
  CHECK(alias_of(name) == "GRUB    CFG");
  CHECK(name.long_name == u"grub.cfg");
  CHECK(name.slots() == 2);
}

TEST_CASE("names that are not of eight and three get numbered aliases") {
  CHECK(alias_of(only("azurelinux-6.18.efi")) == "AZUREL~1EFI");
  CHECK(alias_of(only("a b.txt")) == "AB~1    TXT");
  CHECK(alias_of(only(".hidden")) == "HIDDEN~1   ");
  CHECK(alias_of(only("x.y.z")) == "XY~1    Z  ");
  CHECK(alias_of(only("kernel.config")) == "KERNEL~1CON");
  CHECK(alias_of(only("a+b")) == "A_B~1      ");
  CHECK(alias_of(only("größe")) == "GR__E~1    ");
  CHECK(alias_of(only("日本")) == "__~1       ");
  CHECK(only("größe").long_name == u"größe");
  CHECK(only("😀").long_name == u"😀");
}

TEST_CASE("aliases in one directory differ, also from names that look like one") {
  std::vector<std::string> names;
  for (int i = 0; i < 1200; ++i) names.push_back(fmt::format("long name {:04}", i));
  names.push_back("LONGNA~3");
  names.push_back("LONGN~12");
  std::sort(names.begin(), names.end());
  std::set<std::string> aliases;
  for (const FatName& name : fat_names(names, "/")) {
    aliases.insert(alias_of(name));
    if (name.name == "LONGNA~3") CHECK(alias_of(name) == "LONGNA~3   ");
  }
  CHECK(aliases.size() == names.size());
}

TEST_CASE("what FAT cannot hold is said") {
  CHECK(fat_name_problem("BOOTX64.EFI").empty());
  CHECK(fat_name_problem("größe 日本 😀").empty());
  CHECK(fat_name_problem("") == "is empty");
  CHECK(fat_name_problem("a:b") == "has the character ':'");
  CHECK(fat_name_problem("a\\b") == "has the character '\\'");
  CHECK(fat_name_problem("a\nb") == "has a control character");
  CHECK(fat_name_problem("a.") == "ends in a dot or a space");
  CHECK(fat_name_problem("a ") == "ends in a dot or a space");
  CHECK(fat_name_problem("\xff") == "is not valid UTF-8");
  CHECK(fat_name_problem("\xc0\xaf") == "is not valid UTF-8");          // Overlong.
  CHECK(fat_name_problem("\xed\xa0\x80") == "is not valid UTF-8");      // A surrogate.
  CHECK(fat_name_problem("\xf4\x90\x80\x80") == "is not valid UTF-8");  // Past U+10FFFF.
  CHECK(fat_name_problem("\xe6\x97") == "is not valid UTF-8");          // Cut off.
  CHECK(fat_name_problem(std::string(255, 'a')).empty());
  CHECK(fat_name_problem(std::string(256, 'a')) == "is longer than 255 characters");
}

TEST_CASE("two names that differ in case alone are refused") {
  CHECK_THROWS_WITH(fat_names({"Grub", "gRUB"}, "/boot/efi"),
                    "'Grub' and 'gRUB' in '/boot/efi' are one name to vfat");
}

TEST_CASE("entries are the long name from its end, then the short one") {
  const std::string entries = fat_entries(only("The quick brown.fox"), FatKind::file, 0x00123456,
                                          0x89abcdef, 1767225601);  // 2026-01-01 00:00:01
  // Microsoft's FAT specification 1.03 shows this name with the alias THEQUI~1.FOX.
  REQUIRE(entries.size() == 96);
  CHECK(entries[0] == 0x42);
  CHECK(entries[32] == 0x01);
  CHECK(get16(entries, 1) == 'w');  // The 14th character: "The quick bro|wn.fox".
  CHECK(get16(entries, 33) == 'T');
  CHECK(entries.substr(64, 11) == "THEQUI~1FOX");
  CHECK(entries[11] == 0x0f);
  CHECK(entries[13] == entries[45]);
  CHECK(entries[75] == 0x20);
  CHECK(get16(entries, 64 + 22) == 0);  // 00:00:00, seconds made even.
  CHECK(get16(entries, 64 + 24) == (46u << 9 | 1u << 5 | 1u));
  CHECK(get16(entries, 64 + 16) == get16(entries, 64 + 24));
  CHECK(get16(entries, 64 + 18) == get16(entries, 64 + 24));
  CHECK(get16(entries, 64 + 20) == 0x0012);
  CHECK(get16(entries, 64 + 26) == 0x3456);
  CHECK(get16(entries, 64 + 28) == 0xcdef);
  CHECK(get16(entries, 64 + 30) == 0x89ab);
}

TEST_CASE("a name of just thirteen characters takes one slot, and no end mark") {
  CHECK(only("thirteen.text").slots() == 2);
  const std::string entries = fat_entries(only("thirteen.text"), FatKind::directory, 3, 0, 0);
  CHECK(get16(entries, 30) == 't');
  CHECK(entries[43] == 0x10);
}

TEST_CASE("times outside of FAT's are its first and last") {
  const auto date = [](std::int64_t seconds) {
    return get16(fat_entries(only("A"), FatKind::file, 0, 0, seconds), 24);
  };
  CHECK(date(0) == (0u << 9 | 1u << 5 | 1u));
  CHECK(date(-5) == (0u << 9 | 1u << 5 | 1u));
  CHECK(date(std::int64_t{1} << 60) == (127u << 9 | 12u << 5 | 31u));
}
