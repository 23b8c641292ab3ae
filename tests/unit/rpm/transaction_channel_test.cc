#include "composer/rpm/transaction_channel.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/stat.h>

#include "composer/error.h"

using namespace composer;
using nlohmann::json;
using rpm::TransactionChannel;

TEST_CASE("messages arrive one by one, with their bounds") {
  auto [a, b] = TransactionChannel::make_pair();
  a.send({{"package", "x"}});
  a.send({{"warning", "not UTF-8: \xff"}});
  CHECK(b.receive() == json({{"package", "x"}}));
  CHECK(b.receive() == json({{"warning", "not UTF-8: \xef\xbf\xbd"}}));
  a.close();
  CHECK_FALSE(b.receive());
}

TEST_CASE("a message that is none is an error, and harms nobody") {
  auto [a, b] = TransactionChannel::make_pair();
  const std::string deep(60000, '[');
  for (const std::string& text : {std::string("{"), std::string("[1]"), std::string("\0\xff", 2),
                                  deep, std::string("null")}) {
    REQUIRE(::send(a.fd(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    CHECK_THROWS_WITH(b.receive(), "the installing process sent a message that cannot be read");
  }
  CHECK_THROWS_AS(a.send({{"x", std::string(70000, 'x')}}), Error);
}

TEST_CASE("a descriptor is handed over, or refused") {
  auto [a, b] = TransactionChannel::make_pair();
  const FileDescriptor null = open_file("/dev/null", O_RDONLY);
  a.send_descriptor(null.get());
  const FileDescriptor got = b.receive_descriptor();
  struct stat sent {
  }, received{};
  REQUIRE(::fstat(null.get(), &sent) == 0);
  REQUIRE(::fstat(got.get(), &received) == 0);
  CHECK(sent.st_rdev == received.st_rdev);
  CHECK((::fcntl(got.get(), F_GETFD) & FD_CLOEXEC) != 0);
  a.send_descriptor(-1);
  CHECK_THROWS_WITH(b.receive_descriptor(), "a package could not be opened");
  a.close();
  CHECK_THROWS_AS(b.receive_descriptor(), Error);
}
