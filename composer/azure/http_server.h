#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "composer/azure/message.h"
#include "composer/base/file_descriptor.h"

namespace composer::azure {

/// A listening Unix socket that this user alone may connect to.
/// @throws Error  when the path is too long (107 bytes) or cannot be made.
FileDescriptor listen_on(const std::filesystem::path& path);
/// A listening TCP socket of this network namespace.
FileDescriptor listen_on(std::string_view address, int port);

/// Serves HTTP/1.1 to a guest, which is not trusted: at most 32 connections at a time, each for at
/// most two minutes, requests of at most 4 MiB; what is beyond is cut off. Handlers are called from
/// threads of the server's own, several at once.
class HttpServer {
 public:
  using Handler = std::function<Answer(const Request&)>;
  struct Door {
    FileDescriptor listener;
    Handler handler;
  };

  explicit HttpServer(std::vector<Door> doors);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Cuts every connection off and waits for its thread.
  ~HttpServer();

 private:
  class Protocol;
  struct Connection {
    FileDescriptor socket;
    std::atomic<bool> over = false;
    std::thread thread;
  };

  void accept_connections();
  void welcome(FileDescriptor socket, Protocol& protocol);

  std::vector<FileDescriptor> listeners_;
  std::vector<std::unique_ptr<Protocol>> protocols_;
  FileDescriptor stop_, stop_far_;
  std::list<Connection> connections_;  ///< Of the acceptor's thread alone.
  std::thread acceptor_;
};

}  // namespace composer::azure
