#include "composer/rpm/scriptlet_output.h"

#include <array>
#include <cerrno>
#include <unistd.h>

namespace composer::rpm {
namespace {

constexpr std::size_t kKept = 64 << 10;

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t') {
      c = ' ';
    } else if (byte < 0x20 || byte == 0x7f) {
      c = '?';
    }
  }
  return out;
}

std::vector<std::string> last_lines(const std::vector<std::string>& lines) {
  constexpr std::size_t kShown = 20;
  std::vector<std::string> notes;
  for (std::size_t i = lines.size() > kShown ? lines.size() - kShown : 0; i < lines.size(); ++i) {
    notes.push_back("| " + lines[i]);
  }
  return notes;
}

bool ScriptletOutput::read_from(int fd) {
  std::array<char, 1 << 14> buffer{};
  // A scriptlet that prints without end is not to keep us here for ever; the next poll goes on.
  for (int i = 0; i < 64; ++i) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    text_.append(buffer.data(), static_cast<std::size_t>(n));
    if (text_.size() > 2 * kKept) text_.erase(0, text_.size() - kKept);
  }
  return true;
}

std::vector<std::string> ScriptletOutput::take_lines() {
  std::vector<std::string> lines;
  std::string_view rest = text_;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string line = printable(rest.substr(0, end));
    if (!line.empty()) lines.push_back(std::move(line));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  text_.clear();
  return lines;
}

}  // namespace composer::rpm
