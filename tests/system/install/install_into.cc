#include <chrono>
#include <cstdio>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/rpm/transaction.h"

// install_into ROOT PACKAGE...: installs, as a build does, and says how long it took.
int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: install_into ROOT PACKAGE...\n", stderr);
    return 2;
  }
  try {
    composer::rpm::TransactionRequest request;
    request.root = argv[1];
    request.packages.assign(argv + 2, argv + argc);
    request.source_date_epoch = 1700000000;
    composer::SilentProgress progress;
    const auto begin = std::chrono::steady_clock::now();
    composer::rpm::install_packages(request, progress);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} packages in {:.2f} s\n", request.packages.size(), took.count());
    return 0;
  } catch (const composer::Error& error) {
    std::fputs(error.to_text().c_str(), stderr);
    return static_cast<int>(error.kind());
  }
}
