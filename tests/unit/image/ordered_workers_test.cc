#include "composer/image/ordered_workers.h"

#include <catch2/catch.hpp>
#include <stdexcept>

using composer::image::OrderedWorkers;

namespace {

using Workers = OrderedWorkers<int, int>;

Workers::Work squares() {
  return [](int& task, int& product) { product = task * task; };
}

}  // namespace

TEST_CASE("products are stored in the order of their tasks, however many threads there are") {
  const unsigned threads = GENERATE(1U, 2U, 9U);
  std::vector<int> stored;
  Workers workers(threads, squares, [&](int& product) { stored.push_back(product); });
  std::vector<int> expected;
  for (int i = 0; i < 1000; ++i) {
    workers.submit(i);
    expected.push_back(i * i);
  }
  workers.finish();
  CHECK(stored == expected);
}

TEST_CASE("nothing handed in is nothing stored") {
  int stored = 0;
  Workers workers(3, squares, [&](int&) { ++stored; });
  workers.finish();
  CHECK(stored == 0);
}

TEST_CASE("the first failure comes out where tasks are handed in or at the end") {
  const bool of_work = GENERATE(true, false);
  Workers workers(
      3,
      [&]() -> Workers::Work {
        return [of_work](int& task, int& product) {
          if (of_work && task == 50) throw std::runtime_error("no square");
          product = task;
        };
      },
      [&](int& product) {
        if (!of_work && product == 50) throw std::runtime_error("no room");
      });
  const auto all = [&] {
    for (int i = 0; i < 100'000; ++i) workers.submit(i);
    workers.finish();
  };
  CHECK_THROWS_WITH(all(), of_work ? "no square" : "no room");
}

TEST_CASE("workers that are left alone end without storing what they have not begun") {
  std::vector<int> stored;
  {
    Workers workers(2, squares, [&](int& product) { stored.push_back(product); });
    for (int i = 0; i < 4; ++i) workers.submit(i);
  }
  for (std::size_t i = 0; i < stored.size(); ++i) CHECK(stored[i] == static_cast<int>(i * i));
}
