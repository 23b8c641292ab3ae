#include "composer/rpm/package_files.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "composer/error.h"

#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_rpms.h"

using namespace composer;
using Kind = rpm::PackagedFile::Kind;

TEST_CASE("the files of a package are known before it is installed") {
  const test::TinyRpms rpms;
  const auto package =
      rpms.build("tiny",
                 "%description\n"
                 "%install\n"
                 "mkdir -p %{buildroot}/usr/lib/tiny %{buildroot}/usr/share/doc\n"
                 "head -c 5000 /dev/zero > %{buildroot}/usr/lib/tiny/data\n"
                 "ln %{buildroot}/usr/lib/tiny/data %{buildroot}/usr/lib/tiny/zwei\n"
                 "ln -s data %{buildroot}/usr/lib/tiny/link\n"
                 "echo manual > %{buildroot}/usr/share/doc/tiny\n"
                 "echo deutsch > %{buildroot}/usr/lib/tiny/de\n"
                 "touch %{buildroot}/usr/lib/tiny/ghost\n"
                 "%files\n"
                 "%dir /usr/lib/tiny\n"
                 "/usr/lib/tiny/data\n/usr/lib/tiny/zwei\n/usr/lib/tiny/link\n"
                 "%lang(de) /usr/lib/tiny/de\n"
                 "%ghost /usr/lib/tiny/ghost\n"
                 "%doc /usr/share/doc/tiny\n");
  const rpm::PackageContents contents = rpm::read_package_files(package, "tiny-1-1.noarch");
  CHECK(contents.name == "tiny-1-1.noarch");
  std::map<std::string, rpm::PackagedFile> files;
  for (const rpm::PackagedFile& file : contents.files) files[file.path] = file;
  REQUIRE(files.size() == 6);
  CHECK(files["/usr/lib/tiny"].kind == Kind::directory);
  CHECK(files["/usr/lib/tiny/data"].kind == Kind::regular);
  CHECK(files["/usr/lib/tiny/data"].size + files["/usr/lib/tiny/zwei"].size == Bytes{5000});
  CHECK(files["/usr/lib/tiny/link"].kind == Kind::other);
  CHECK(files["/usr/share/doc/tiny"].documentation);
  CHECK_FALSE(files["/usr/lib/tiny/data"].documentation);
  CHECK(files["/usr/lib/tiny/de"].languages == std::vector<std::string>{"de"});
  CHECK(files["/usr/lib/tiny/data"].languages.empty());
}

TEST_CASE("what is no package has no files") {
  const test::ScratchFolder scratch;
  const auto path = scratch.path() / "text.rpm";
  std::ofstream(path) << "not a package";
  CHECK_THROWS_AS(rpm::read_package_files(path, "text"), Error);
}
