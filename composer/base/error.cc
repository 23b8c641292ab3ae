#include "composer/error.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <tuple>

namespace composer {
namespace {

std::string_view line_of(const SourceText& source, int line) {
  std::string_view rest = source.text;
  for (int n = 1; n < line; ++n) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  std::string_view text = rest.substr(0, rest.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// The offending line and its underline. Control characters and tabs become spaces, so that the
/// underline stays below its text and nothing in a hostile file reaches the terminal.
void append_excerpt(std::string& out, const Span& at) {
  const std::string_view line = line_of(*at.source, at.line);
  const std::size_t column = static_cast<std::size_t>(std::max(at.column, 1)) - 1;
  if (line.empty() || column > line.size()) return;
  // A very long line is shown around the place alone.
  constexpr std::size_t kShown = 160;
  const std::size_t from = column > kShown / 2 && line.size() > kShown ? column - kShown / 2 : 0;
  std::string shown(line.substr(from, kShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  const std::size_t room = shown.size() > column - from ? shown.size() - (column - from) : 1;
  const std::size_t length = std::clamp<std::size_t>(at.length, 1, std::max<std::size_t>(room, 1));
  // One mark per character, not per byte, for UTF-8 text before and below the mark.
  const auto characters = [&](std::size_t begin, std::size_t count) {
    return std::count_if(
        shown.begin() + static_cast<std::ptrdiff_t>(std::min(begin, shown.size())),
        shown.begin() + static_cast<std::ptrdiff_t>(std::min(begin + count, shown.size())),
        [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  };
  const auto before = characters(0, column - from);
  const auto under = std::max<std::ptrdiff_t>(characters(column - from, length), 1);
  out +=
      fmt::format("    {}\n    {}^{}\n", shown, std::string(static_cast<std::size_t>(before), ' '),
                  std::string(static_cast<std::size_t>(under - 1), '~'));
}

void append_problem(std::string& out, const Problem& problem) {
  if (problem.at) {
    out += fmt::format("{}:{}:{}: ", problem.at.source->name, problem.at.line, problem.at.column);
  }
  out += fmt::format("error: {}\n", problem.message);
  if (problem.at) append_excerpt(out, problem.at);
  for (const std::string& note : problem.notes) out += fmt::format("  {}\n", note);
}

}  // namespace

Error::Error(ErrorKind kind, std::string message, std::string hint)
    : Error(kind, Problem{std::move(message), {}, {}, std::move(hint)}) {}

Error::Error(ErrorKind kind, Problem problem) : kind_(kind), problems_{std::move(problem)} {}

Error::Error(ErrorKind kind, std::vector<Problem> problems)
    : kind_(kind), problems_(std::move(problems)) {
  if (problems_.empty()) problems_.push_back({"unknown error", {}, {}, {}});
}

Error& Error::add_context(std::string frame) {
  context_.push_back(std::move(frame));
  return *this;
}

const char* Error::what() const noexcept {
  return problems_.front().message.c_str();
}

std::string Error::to_text() const {
  std::string out;
  for (std::size_t i = 0; i < problems_.size(); ++i) {
    append_problem(out, problems_[i]);
    if (i + 1 == problems_.size()) {
      for (const std::string& frame : context_) out += fmt::format("  {}\n", frame);
    }
    if (!problems_[i].hint.empty()) out += fmt::format("  hint: {}\n", problems_[i].hint);
  }
  return out;
}

std::string to_text(const Problem& problem) {
  std::string out;
  append_problem(out, problem);
  if (!problem.hint.empty()) out += fmt::format("  hint: {}\n", problem.hint);
  return out;
}

Error system_error(std::string_view message, int errno_value) {
  return Error(ErrorKind::build, fmt::format("{}: {}", message, std::strerror(errno_value)));
}

void Diagnostics::report(Span at, std::string message, std::string hint) {
  problems_.push_back({std::move(message), std::move(at), {}, std::move(hint)});
}

void Diagnostics::throw_if_any() const {
  if (problems_.empty()) return;
  std::vector<Problem> sorted = problems_;
  const auto place = [](const Problem& p) {
    return std::tuple<std::string_view, int, int>(
        p.at.source ? std::string_view(p.at.source->name) : std::string_view(), p.at.line,
        p.at.column);
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  throw Error(ErrorKind::usage, std::move(sorted));
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  const auto distance = [](std::string_view a, std::string_view b) {
    // Optimal string alignment: insert, delete, replace, swap neighbours.
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      for (std::size_t j = 1; j <= b.size(); ++j) {
        const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.size()][b.size()];
  };
  if (word.empty() || word.size() > 128) return std::nullopt;
  std::size_t best = 1 + word.size() / 4 + 1;
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    const std::size_t gap = candidate.size() > word.size() ? candidate.size() - word.size()
                                                           : word.size() - candidate.size();
    if (gap >= best || candidate == word) continue;
    const std::size_t d = distance(word, candidate);
    if (d < best || (found && d == best && candidate < *found)) {
      best = d;
      found = candidate;
    }
  }
  return found;
}

}  // namespace composer
