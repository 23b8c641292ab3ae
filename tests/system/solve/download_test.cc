#include "composer/host/download.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <thread>

#include "composer/base/file_descriptor.h"

#include "../../support/scratch_folder.h"
#include "loopback_server.h"

using namespace composer;
using namespace composer::host;
using composer::solve::test::closed_port;
using composer::solve::test::LoopbackServer;
using composer::solve::test::Reply;
using composer::solve::test::Request;
using composer::test::ScratchFolder;

namespace {

std::string content_of(std::size_t size) {
  std::string content;
  for (std::size_t i = 0; content.size() < size; ++i) content += fmt::format("{} ", i);
  content.resize(size);
  return content;
}

const std::string kContent = content_of(300000);

Download wanted(const ScratchFolder& scratch, std::vector<std::string> urls) {
  return {std::move(urls), scratch.path() / "folder" / "file",
          Checksum{HashAlgorithm::sha256, sha256_hex(kContent)}, kContent.size()};
}

DownloadResult fetch(const Download& download) {
  DownloadSettings settings;
  settings.first_wait = std::chrono::milliseconds(1);
  return download_all(std::span(&download, 1), settings, {}).front();
}

bool is_there(const Download& download) {
  return is_intact(download.destination, *download.checksum, download.size);
}

int files_beside(const Download& download) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(download.destination.parent_path())) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("a file is fetched whole, and nothing else is left") {
  const ScratchFolder scratch;
  const LoopbackServer server([](const Request&) { return Reply{.body = kContent}; });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));
  CHECK(files_beside(download) == 1);
}

TEST_CASE("a broken download goes on where it stopped") {
  const ScratchFolder scratch;
  int count = 0;
  const LoopbackServer server([&](const Request&) {
    Reply reply{.body = kContent, .ranges = true};
    if (count++ == 0) reply.cut_after = 100000;
    return reply;
  });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));
  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK_FALSE(requests[0].headers.contains("range"));
  CHECK(requests[1].headers.at("range") == "bytes=100000-");
}

TEST_CASE("a download that an earlier run left goes on") {
  const ScratchFolder scratch;
  const LoopbackServer server(
      [](const Request&) { return Reply{.body = kContent, .ranges = true}; });
  const Download download = wanted(scratch, {server.url("/x")});
  make_parent(download.destination);
  write_file_atomically(download.destination.string() + ".partial", kContent.substr(0, 250000));
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));
  CHECK(server.requests().at(0).headers.at("range") == "bytes=250000-");
}

TEST_CASE("a beginning that does not fit is fetched again from its start") {
  const ScratchFolder scratch;
  const LoopbackServer server(
      [](const Request&) { return Reply{.body = kContent, .ranges = true}; });
  const Download download = wanted(scratch, {server.url("/x")});
  make_parent(download.destination);
  for (const std::size_t size : {std::size_t{1000}, kContent.size(), kContent.size() + 7}) {
    write_file_atomically(download.destination.string() + ".partial", std::string(size, 'x'));
    CHECK(fetch(download).error.empty());
    CHECK(is_there(download));
    CHECK(files_beside(download) == 1);
  }
}

TEST_CASE("a server without ranges sends it all again") {
  const ScratchFolder scratch;
  int count = 0;
  const LoopbackServer server([&](const Request&) {
    Reply reply{.body = kContent};
    if (count++ == 0) reply.cut_after = 100000;
    return reply;
  });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));
}

TEST_CASE("a server in trouble is asked again, with an end") {
  const ScratchFolder scratch;
  int count = 0;
  const LoopbackServer server(
      [&](const Request&) { return ++count < 3 ? Reply{.status = 503} : Reply{.body = kContent}; });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));

  const LoopbackServer dead([](const Request&) { return Reply{.status = 500}; });
  const DownloadResult result = fetch(wanted(scratch, {dead.url("/x")}));
  CHECK(result.error == "the server answered 500");
  CHECK(dead.requests().size() == 4);
}

TEST_CASE("what a server does not have is not asked for twice; the next mirror is") {
  const ScratchFolder scratch;
  const LoopbackServer without([](const Request&) { return Reply{.status = 404}; });
  const LoopbackServer with([](const Request&) { return Reply{.body = kContent}; });
  const Download download = wanted(scratch, {without.url("/x"), with.url("/x")});
  const DownloadResult result = fetch(download);
  CHECK(result.error.empty());
  CHECK(result.url == with.url("/x"));
  CHECK(is_there(download));
  CHECK(without.requests().size() == 1);
}

TEST_CASE("a file that nobody has is missing") {
  const ScratchFolder scratch;
  const LoopbackServer server([](const Request&) { return Reply{.status = 404}; });
  const Download download = wanted(scratch, {server.url("/x"), server.url("/y")});
  const DownloadResult result = fetch(download);
  CHECK(result.missing);
  CHECK(result.error == "the server answered 404");
  CHECK(result.url == server.url("/y"));
  CHECK(server.requests().size() == 2);
  CHECK(files_beside(download) == 0);
}

TEST_CASE("a file that is larger than the metadata says is never written further than that") {
  const ScratchFolder scratch;
  const LoopbackServer server([](const Request&) { return Reply{.body = kContent + "more"}; });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error == "it is larger than the expected 300000 bytes");
  CHECK_FALSE(is_there(download));
}

TEST_CASE("a file of another content is refused, and the next mirror asked") {
  const ScratchFolder scratch;
  std::string other = kContent;
  other[1000] ^= 1;
  const LoopbackServer bad([&](const Request&) { return Reply{.body = other}; });
  const Download alone = wanted(scratch, {bad.url("/x")});
  CHECK(fetch(alone).error == fmt::format("its sha256 is {}, but the metadata says {}",
                                          sha256_hex(other), sha256_hex(kContent)));
  CHECK_FALSE(std::filesystem::exists(alone.destination));
  CHECK(files_beside(alone) == 0);

  const LoopbackServer good([](const Request&) { return Reply{.body = kContent}; });
  const Download both = wanted(scratch, {bad.url("/x"), good.url("/x")});
  CHECK(fetch(both).error.empty());
  CHECK(is_there(both));
}

TEST_CASE("a file that is shorter than the metadata says is refused") {
  const ScratchFolder scratch;
  const LoopbackServer server([](const Request&) { return Reply{.body = kContent.substr(1)}; });
  CHECK(fetch(wanted(scratch, {server.url("/x")})).error ==
        "it has 299999 bytes, but the metadata says 300000");
}

TEST_CASE("no server can send us to a local file") {
  const ScratchFolder scratch;
  write_file_atomically(scratch.path() / "secret", kContent);
  const LoopbackServer server([&](const Request&) {
    return Reply{.status = 302, .headers = {{"Location", file_url(scratch.path() / "secret")}}};
  });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error == "the protocol is not allowed here");
  CHECK_FALSE(is_there(download));
}

TEST_CASE("redirects are followed, not without end") {
  const ScratchFolder scratch;
  const LoopbackServer server([&](const Request& request) {
    if (request.path == "/there") return Reply{.body = kContent};
    const std::string next = request.path == "/x" ? "/there" : "/loop";
    return Reply{.status = 302, .headers = {{"Location", next}}};
  });
  const Download download = wanted(scratch, {server.url("/x")});
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));
  CHECK_FALSE(fetch(wanted(scratch, {server.url("/loop")})).error.empty());
}

TEST_CASE("a port where nobody listens says so") {
  const ScratchFolder scratch;
  const DownloadResult result =
      fetch(wanted(scratch, {fmt::format("http://127.0.0.1:{}/x", closed_port())}));
  CHECK(result.error == "no connection to the server");
}

TEST_CASE("one failure ends the other downloads") {
  const ScratchFolder scratch;
  const LoopbackServer server([](const Request& request) {
    return request.path == "/bad" ? Reply{.status = 404} : Reply{.body = kContent};
  });
  std::vector<Download> downloads;
  for (int i = 0; i < 50; ++i) {
    downloads.push_back(wanted(scratch, {server.url(i == 3 ? "/bad" : "/good")}));
    downloads.back().destination += std::to_string(i);
  }
  const auto results = download_all(downloads, {}, {});
  CHECK(results[3].missing);
  CHECK_FALSE(results[3].stopped);
  CHECK(results[49].stopped);
  CHECK(server.requests().size() < 40);
}

TEST_CASE("two runs may fetch one file at the same time") {
  const ScratchFolder scratch;
  const LoopbackServer server(
      [](const Request&) { return Reply{.body = kContent, .ranges = true}; });
  const Download download = wanted(scratch, {server.url("/x")});
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (fetch(download).error.empty() && is_there(download)) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 4);
  CHECK(files_beside(download) == 1);
}

TEST_CASE("a local file is copied and checked like any other") {
  const ScratchFolder scratch;
  write_file_atomically(scratch.path() / "a file", kContent);
  const Download download = wanted(scratch, {file_url(scratch.path() / "a file")});
  CHECK(fetch(download).error.empty());
  CHECK(is_there(download));
  CHECK(fetch(wanted(scratch, {file_url(scratch.path() / "none")})).error ==
        "No such file or directory");
  CHECK(fetch(wanted(scratch, {file_url(scratch.path())})).error == "it is not a regular file");
}
