#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace composer::rpm {

/// `text` with control characters, which could steer a terminal, as `?`; tabs become spaces.
std::string printable(std::string_view text);

/// The last 20 of what was printed, as notes of a problem.
std::vector<std::string> last_lines(const std::vector<std::string>& lines);

/// What a scriptlet printed: its end, when it printed much.
class ScriptletOutput {
 public:
  /// Takes what a non-blocking descriptor holds now. False when nothing can come any more.
  bool read_from(int fd);

  /// The lines since the last call, printable, empty ones left out.
  std::vector<std::string> take_lines();

 private:
  std::string text_;
};

}  // namespace composer::rpm
