#include "composer/rpm/transaction.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "composer/base/file_descriptor.h"
#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/mount/contained_process.h"
#include "composer/mount/error_wire.h"
#include "composer/rpm/modules_ahead.h"
#include "composer/rpm/payload_ahead.h"
#include "composer/rpm/scriptlet_output.h"
#include "composer/rpm/transaction_channel.h"
#include "composer/rpm/transaction_session.h"

namespace composer::rpm {
namespace {

using nlohmann::json;

struct Pipe {
  FileDescriptor read_end, write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// Which bytes a package file held when the installation began. The contained process reads each
/// file more than once.
struct Identity {
  dev_t device;
  ino_t inode;
  off_t size;
  timespec changed;

  explicit Identity(const struct stat& status)
      : device(status.st_dev),
        inode(status.st_ino),
        size(status.st_size),
        changed(status.st_ctim) {}
  bool operator==(const Identity& other) const {
    return device == other.device && inode == other.inode && size == other.size &&
           changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
  }
};

std::string text_of(const json& message, const char* key) {
  const auto found = message.find(key);
  return found != message.end() && found->is_string() ? printable(found->get<std::string>())
                                                      : std::string("?");
}

/// The side that waits: hands out packages, listens, and keeps what scriptlets print.
class Installation {
 public:
  Installation(const TransactionRequest& request, Progress& progress)
      : request_(request),
        progress_(progress),
        ahead_([this](std::size_t index) { return open_package_file(index); }),
        modules_([this](std::size_t index) { return open_package_file(index); }) {
    for (const std::filesystem::path& package : request.packages) {
      const FileDescriptor fd = open_file(package, O_RDONLY);
      struct stat status {};
      if (::fstat(fd.get(), &status) != 0) {
        throw system_error(fmt::format("cannot look at '{}'", package.string()), errno);
      }
      identities_.emplace_back(status);
      total_.items += 1;
      total_.bytes += Bytes{static_cast<std::uint64_t>(status.st_size)};
    }
  }

  void run() {
    const bool installs = request_.erase.empty();
    if (installs) progress_.begin(Stage::install, total_);
    auto [ours, theirs] = TransactionChannel::make_pair();
    Pipe output = make_pipe();
    ::fcntl(output.read_end.get(), F_SETFL, O_NONBLOCK);
    const FileDescriptor null = open_file("/dev/null", O_RDONLY);
    mount::ContainedProcess process(
        request_.root, {null.get(), output.write_end.get(), output.write_end.get(), {theirs.fd()}},
        [&, &inside = theirs] { return run_session(request_, inside); });
    theirs.close();
    output.write_end.reset();

    listen(ours, output.read_end);
    finish(process);
    if (installs) progress_.end(Stage::install, total_);
  }

 private:
  void listen(const TransactionChannel& channel, const FileDescriptor& output) {
    for (bool more = true; more && !failure_;) {
      std::array<pollfd, 2> wanted = {
          {{channel.fd(), POLLIN, 0}, {output_ended_ ? -1 : output.get(), POLLIN, 0}}};
      const int ready = ::poll(wanted.data(), wanted.size(), -1);
      host::throw_if_interrupted();  // The contained process ends with its object.
      if (ready < 0) continue;
      if (wanted[1].revents != 0) output_ended_ = !printed_.read_from(output.get());
      if (wanted[0].revents == 0) continue;
      const std::optional<json> message = channel.receive();
      more = message.has_value();
      if (message) take(*message, channel, output);
    }
  }

  void take(const json& message, const TransactionChannel& channel, const FileDescriptor& output) {
    if (message.contains("open")) {
      hand_out(message["open"], channel);
    } else if (message.contains("order")) {
      take_order(message);
    } else if (message.contains("package")) {
      if (message.contains("begins")) {
        span_.emplace("scriptlet", fmt::format("{} of {}", text_of(message, "begins"),
                                               text_of(message, "package")));
      } else if (message.contains("script")) {
        // What it printed is all there: it has ended, and the next one waits for the answer.
        if (!output_ended_) output_ended_ = !printed_.read_from(output.get());
        script_ended(message);
        channel.send({{"go on", true}});
      } else {
        advance(message);
      }
    } else if (message.contains("modules")) {
      if (const auto packages = numbers_in(message["modules"])) modules_.begin(*packages);
    } else if (message.contains("index")) {
      with_failure([&] { index_modules(message["index"]); });
    } else if (message.contains("indexed")) {
      with_failure([&] { modules_.finish(request_.root, progress_); });
      channel.send({{"go on", true}});
    } else if (message.contains("warning")) {
      progress_.warning(text_of(message, "warning"));
    } else if (message.contains("note")) {
      progress_.note(text_of(message, "note"));
    } else if (message.contains("error") && message["error"].is_string()) {
      failure_ = mount::from_wire(message["error"].get<std::string>());
    }
  }

  void hand_out(const json& number, const TransactionChannel& channel) {
    const auto index = number.is_number_unsigned() ? number.get<std::size_t>() : ~std::size_t{0};
    if (index >= request_.packages.size()) {
      failure_ = Error(ErrorKind::build, "the installing process asked for a package that is none");
      return channel.send_descriptor(-1);
    }
    try {
      const FileDescriptor file = open_package_file(index);
      const FileDescriptor stored = ahead_.take(index);
      channel.send_descriptor(stored ? stored.get() : file.get());
    } catch (const Error& error) {
      failure_ = error;
      channel.send_descriptor(-1);
    }
  }

  /// @throws Error  when it is no longer the file that it was.
  FileDescriptor open_package_file(std::size_t index) const {
    const std::filesystem::path& package = request_.packages.at(index);
    FileDescriptor fd = open_file(package, O_RDONLY);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || Identity(status) != identities_.at(index)) {
      throw Error(
          ErrorKind::build,
          fmt::format("package '{}' was changed while it was being installed", package.string()));
    }
    return fd;
  }

  /// Numbers of packages; nothing for what are none, or more than there are.
  std::optional<std::vector<std::size_t>> numbers_in(const json& message) const {
    std::vector<std::size_t> numbers;
    if (!message.is_array() || message.size() > request_.packages.size()) return std::nullopt;
    for (const json& number : message) {
      if (!number.is_number_unsigned()) return std::nullopt;
      if (number.get<std::size_t>() >= request_.packages.size()) return std::nullopt;
      numbers.push_back(number.get<std::size_t>());
    }
    return numbers;
  }

  void index_modules(const json& kernels) {
    for (const json& kernel : kernels) {
      if (kernel.is_string()) modules_.index(request_.root, kernel.get<std::string>());
    }
  }

  template <typename Work>
  void with_failure(Work&& work) {
    try {
      work();
    } catch (const Error& error) {
      failure_ = error;
    }
  }

  void take_order(const json& message) {
    const auto numbers = numbers_in(message["order"]);
    // As many as there are packages: what comes beside that is of no use to anybody.
    if (!numbers || numbers->size() > request_.packages.size() - order_.size()) return;
    order_.insert(order_.end(), numbers->begin(), numbers->end());
    if (message.value("complete", json(false)) == json(true) && !std::exchange(ordered_, true)) {
      ahead_.begin(order_);
    }
  }

  /// A package begins, so the one before it is done.
  void advance(const json& message) {
    span_.emplace("package", text_of(message, "package"));
    progress_.advance(Stage::install, done_, text_of(message, "package"));
    const auto index = message.find("index");
    if (index == message.end() || !index->is_number_unsigned()) return;
    if (index->get<std::size_t>() >= identities_.size()) return;
    ahead_.begun(index->get<std::size_t>());
    done_.items = std::min(done_.items + 1, total_.items);
    done_.bytes += Bytes{static_cast<std::uint64_t>(identities_[index->get<std::size_t>()].size)};
  }

  void script_ended(const json& message) {
    const std::string phase = text_of(message, "script"), package = text_of(message, "package");
    // What follows the last of them is rpm's: the next package tells when it begins.
    span_.emplace("package", fmt::format("after {} of {}", phase, package));
    const std::vector<std::string> lines = printed_.take_lines();
    for (const std::string& line : lines) {
      progress_.output(fmt::format("{} of {}", phase, package), line);
    }
    if (message.value("failed", json(true)) == json(false)) return;
    Problem problem{fmt::format("scriptlet {} of package '{}' failed", phase, package), {}, {}, {}};
    if (const auto notes = message.find("notes"); notes != message.end() && notes->is_array()) {
      for (const json& note : *notes) {
        if (note.is_string()) problem.notes.push_back(printable(note.get<std::string>()));
      }
    }
    for (std::string& line : last_lines(lines)) problem.notes.push_back(std::move(line));
    failure_ = Error(ErrorKind::build, std::move(problem));
  }

  void finish(mount::ContainedProcess& process) {
    if (failure_) {
      process.kill();
      throw *failure_;
    }
    const int status = process.wait();
    if (status == 0) return;
    Problem problem{status > 128
                        ? fmt::format("the installing process was ended by signal {}", status - 128)
                        : fmt::format("the installing process failed with status {}", status),
                    {},
                    {},
                    {}};
    for (const std::string& line : printed_.take_lines()) problem.notes.push_back("| " + line);
    throw Error(ErrorKind::build, std::move(problem));
  }

  const TransactionRequest& request_;
  Progress& progress_;
  std::vector<Identity> identities_;
  Amount total_, done_;
  ScriptletOutput printed_;
  bool output_ended_ = false;
  std::optional<Error> failure_;
  std::optional<TraceSpan> span_;  ///< What is in hand.
  std::vector<std::size_t> order_;
  bool ordered_ = false;  ///< All of `order_` has been told.
  PayloadAhead ahead_;    ///< Its thread opens packages, as that of `modules_` does.
  ModulesAhead modules_;
};

}  // namespace

void install_packages(const TransactionRequest& request, Progress& progress) {
  if (request.packages.empty() && request.remove.empty()) return;
  with_context("while installing the packages", [&] { Installation(request, progress).run(); });
}

void erase_packages(const TransactionRequest& request, Progress& progress) {
  if (request.erase.empty()) return;
  with_context("while erasing packages", [&] { Installation(request, progress).run(); });
  progress.note(fmt::format("erased {} packages", request.erase.size()));
}

}  // namespace composer::rpm
