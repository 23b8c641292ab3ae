#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "composer/units.h"

namespace composer {

/// The stages of a build, of a conversion, of a customisation and of a boot, in their order.
enum class Stage {
  metadata,
  solve,
  fetch,
  partition,
  install,
  configure,
  initramfs,
  seal,
  expand,   ///< An image that exists is read.
  machine,  ///< It is changed in a virtual machine: partition to seal, all in one.
  write_images,
  boot,
};

/// `metadata`, `solve`, … `export` for write_images: the name shown to users and in reports.
std::string_view to_text(Stage stage);

/// What a stage is told to expect; zero means unknown.
struct Amount {
  std::uint64_t items = 0;
  Bytes bytes;
};

/// Where the stages say how far they are. Implementations may be called from several threads at
/// once, and must not throw.
class Progress {
 public:
  virtual ~Progress() = default;

  virtual void begin(Stage stage, Amount expected) = 0;
  /// Absolute amounts done so far; `current` names what is in hand, e.g. a package.
  virtual void advance(Stage stage, Amount done, std::string_view current) = 0;
  virtual void end(Stage stage, Amount done) = 0;

  /// A line that the user should see: what was found, reused or ignored.
  virtual void note(std::string_view text) = 0;
  /// Something that did not stop the work; ends in ", ignoring" or says the consequence.
  virtual void warning(std::string_view text) = 0;
  /// An external command that is about to run; shown by --verbose.
  virtual void command(std::span<const std::string> arguments) = 0;
  /// A line of an external command's or scriptlet's output; shown by --verbose.
  virtual void output(std::string_view source, std::string_view line) = 0;
};

/// Says nothing; for tests and for quiet uses of the library.
class SilentProgress final : public Progress {
 public:
  void begin(Stage, Amount) override {}
  void advance(Stage, Amount, std::string_view) override {}
  void end(Stage, Amount) override {}
  void note(std::string_view) override {}
  void warning(std::string_view) override {}
  void command(std::span<const std::string>) override {}
  void output(std::string_view, std::string_view) override {}
};

}  // namespace composer
