#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace composer::solve::test {

struct Request {
  std::string path;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
};

struct Reply {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
  std::size_t cut_after = std::string::npos;  ///< Bytes of the body before the connection breaks.
  bool ranges = false;                        ///< Answer a Range with 206 and that part.
};

/// A server on 127.0.0.1 that answers as a test wants it to, one connection for each request, one
/// after the other.
class LoopbackServer {
 public:
  explicit LoopbackServer(std::function<Reply(const Request&)> answer);
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  std::string url(const std::string& path) const;
  /// What was asked for so far.
  std::vector<Request> requests() const;

 private:
  void serve();
  void reply_to(int connection);

  std::function<Reply(const Request&)> answer_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// A port of 127.0.0.1 where nobody listens.
int closed_port();

/// A LoopbackServer's answer: the files below `folder`.
std::function<Reply(const Request&)> files_of(const std::string& folder);

}  // namespace composer::solve::test
