#include "composer/rpm/transaction_order.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <rpm/rpmte.h>
#include <vector>

#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

constexpr std::size_t kMostInMessage = 2000;

}  // namespace

fnpyKey key_of(std::size_t index) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return reinterpret_cast<fnpyKey>(static_cast<std::uintptr_t>(index) + 1);
}

std::uint64_t index_of(fnpyKey key) {
  return reinterpret_cast<std::uintptr_t>(key) - 1;
}

void tell_order(rpmts transaction, const TransactionChannel& channel) {
  std::vector<std::uint64_t> order;
  const Elements elements(rpmtsiInit(transaction));
  while (rpmte element = rpmtsiNext(elements.get(), TR_ADDED)) {
    order.push_back(index_of(rpmteKey(element)));
  }
  const auto at = [&](std::size_t i) { return order.begin() + static_cast<std::ptrdiff_t>(i); };
  for (std::size_t from = 0; from < order.size(); from += kMostInMessage) {
    const std::size_t to = std::min(order.size(), from + kMostInMessage);
    channel.send({{"order", std::vector(at(from), at(to))}, {"complete", to == order.size()}});
  }
}

}  // namespace composer::rpm
