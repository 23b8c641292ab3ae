#include "composer/rpm/transaction_channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "composer/error.h"

namespace composer::rpm {
namespace {

constexpr std::size_t kMostMessage = 64 << 10;

}  // namespace

std::pair<TransactionChannel, TransactionChannel> TransactionChannel::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw system_error("cannot make a socket", errno);
  }
  return {TransactionChannel(ends[0]), TransactionChannel(ends[1])};
}

void TransactionChannel::send(const nlohmann::json& message) const {
  // What rpm and packages say need not be UTF-8.
  const std::string text = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMostMessage) throw Error(ErrorKind::build, "a message is too large");
  while (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) throw system_error("cannot send a message", errno);
  }
}

std::optional<nlohmann::json> TransactionChannel::receive() const {
  std::string text(kMostMessage, '\0');
  ssize_t n = 0;
  do {
    n = ::recv(fd_.get(), text.data(), text.size(), 0);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno != ECONNRESET) throw system_error("cannot receive a message", errno);
  if (n <= 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(n));
  nlohmann::json message = nlohmann::json::parse(text, nullptr, false);
  if (!message.is_object()) {
    throw Error(ErrorKind::build, "the installing process sent a message that cannot be read");
  }
  return message;
}

void TransactionChannel::send_descriptor(int descriptor) const {
  char byte = descriptor >= 0 ? 'y' : 'n';
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  while (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) throw system_error("cannot send a descriptor", errno);
  }
}

FileDescriptor TransactionChannel::receive_descriptor() const {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  const cmsghdr* header = n == 1 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof(int))) {
    throw Error(ErrorKind::build, "a package could not be opened");
  }
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return FileDescriptor(descriptor);
}

}  // namespace composer::rpm
