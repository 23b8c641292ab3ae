#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <utility>

#include "composer/base/file_descriptor.h"

namespace composer::rpm {

/// One end of the conversation between the process that waits for an installation and the contained
/// process that does it: messages with their bounds kept, and descriptors. Scriptlets have no part
/// in it; their output goes another way.
class TransactionChannel {
 public:
  /// Both ends. Close-on-exec.
  static std::pair<TransactionChannel, TransactionChannel> make_pair();

  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

  /// @throws Error  when the other end is gone or the message is too large.
  void send(const nlohmann::json& message) const;
  /// The next message, or nothing at the end. What cannot be parsed is an Error: it may come from
  /// a process that a package has taken over.
  std::optional<nlohmann::json> receive() const;

  /// Answers with a descriptor, or, for -1, with none.
  void send_descriptor(int descriptor) const;
  /// @throws Error  when the answer holds no descriptor.
  FileDescriptor receive_descriptor() const;

 private:
  explicit TransactionChannel(int fd) : fd_(fd) {}

  FileDescriptor fd_;
};

}  // namespace composer::rpm
