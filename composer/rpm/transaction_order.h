#pragma once

#include <cstddef>
#include <cstdint>
#include <rpm/rpmts.h>

#include "composer/rpm/transaction_channel.h"

namespace composer::rpm {

/// The key of a package's element is its place in the request, from 1: it must not be null.
fnpyKey key_of(std::size_t index);
std::uint64_t index_of(fnpyKey key);

/// Tells in which order the packages of an ordered transaction will be asked for: messages `order`,
/// the last of them `complete`.
void tell_order(rpmts transaction, const TransactionChannel& channel);

}  // namespace composer::rpm
