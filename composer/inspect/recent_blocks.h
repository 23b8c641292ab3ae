#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace composer::inspect {

/// The blocks that were asked for last, at most so many: metadata tables and decompressed clusters
/// are needed again at once, and an image must not fill the memory.
class RecentBlocks {
 public:
  explicit RecentBlocks(std::size_t most) : most_(most > 0 ? most : 1) {}

  /// The block of that key, made by `load()` when it is not at hand. The reference holds until the
  /// next call.
  template <typename Load>
  const std::string& get(std::uint64_t key, Load&& load) {
    const auto found = index_.find(key);
    if (found != index_.end()) {
      blocks_.splice(blocks_.begin(), blocks_, found->second);
      return blocks_.front().second;
    }
    blocks_.emplace_front(key, load());
    index_[key] = blocks_.begin();
    if (blocks_.size() > most_) {
      index_.erase(blocks_.back().first);
      blocks_.pop_back();
    }
    return blocks_.front().second;
  }

 private:
  std::size_t most_;
  std::list<std::pair<std::uint64_t, std::string>> blocks_;  ///< The last used first.
  std::map<std::uint64_t, std::list<std::pair<std::uint64_t, std::string>>::iterator> index_;
};

}  // namespace composer::inspect
