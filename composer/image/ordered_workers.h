#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "composer/base/trace.h"

namespace composer::image {

/// Turns tasks into products in several threads and stores the products in the tasks' order, so
/// that what is stored does not depend on the number of threads. The caller hands in tasks; they
/// wait when too many are under way, which bounds the memory.
///
/// Products are used again and again: one that holds a buffer keeps it.
template <typename Task, typename Product>
class OrderedWorkers {
 public:
  /// What one thread does; it may keep buffers and compressors of its own between tasks.
  using Work = std::function<void(Task& task, Product& product)>;

  /// @param make_work  Called once in each thread.
  /// @param store      Called for each product in order, by any thread, never twice at once.
  OrderedWorkers(unsigned threads, std::function<Work()> make_work,
                 std::function<void(Product&)> store)
      : make_work_(std::move(make_work)), store_(std::move(store)), slots_(2 * threads + 2) {
    try {
      for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    } catch (...) {
      fail(std::current_exception());  // No further thread to be had.
    }
  }
  OrderedWorkers(const OrderedWorkers&) = delete;
  OrderedWorkers& operator=(const OrderedWorkers&) = delete;
  ~OrderedWorkers() {
    {
      const std::lock_guard lock(mutex_);
      abandoned_ = true;
      changed_.notify_all();
    }
    join();
  }

  /// Waits for room.
  /// @throws  The first failure of any thread.
  void submit(Task task) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || submitted_ < stored_ + slots_.size(); });
    if (failure_) std::rethrow_exception(failure_);
    Slot& slot = slots_[submitted_++ % slots_.size()];
    slot.task = std::move(task);
    changed_.notify_all();
  }

  /// Waits until everything is stored.
  /// @throws  The first failure of any thread, after all have ended.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  struct Slot {
    Task task{};
    Product product{};
    bool ready = false;
  };

  void run() noexcept {
    const TraceSpan span("work", "compress and store");
    try {
      const Work work = make_work_();
      std::unique_lock lock(mutex_);
      for (;;) {
        changed_.wait(lock,
                      [&] { return failure_ || abandoned_ || ended_ || taken_ < submitted_; });
        if (failure_ || abandoned_ || taken_ == submitted_) return;
        Slot& slot = slots_[taken_++ % slots_.size()];
        lock.unlock();
        work(slot.task, slot.product);
        lock.lock();
        slot.ready = true;
        store_what_is_ready(lock);
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

  /// Stores what has its turn, unless another thread is at it. Called with the lock held.
  void store_what_is_ready(std::unique_lock<std::mutex>& lock) {
    while (!storing_ && !failure_ && slots_[stored_ % slots_.size()].ready) {
      Slot& slot = slots_[stored_ % slots_.size()];
      storing_ = true;
      lock.unlock();
      store_(slot.product);
      lock.lock();
      storing_ = false;
      slot.ready = false;
      ++stored_;
      changed_.notify_all();
    }
  }

  void fail(std::exception_ptr failure) noexcept {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    changed_.notify_all();
  }

  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::function<Work()> make_work_;
  std::function<void(Product&)> store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;      // Task n goes to slot n modulo their number.
  std::uint64_t submitted_ = 0;  // Tasks handed in,
  std::uint64_t taken_ = 0;      // taken by a thread,
  std::uint64_t stored_ = 0;     // stored.
  bool ended_ = false;
  bool abandoned_ = false;
  bool storing_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace composer::image
