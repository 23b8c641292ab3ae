#pragma once

#include "composer/rpm/transaction.h"

namespace composer::rpm {

/// Makes this process, which runs a transaction and whose children are scriptlets, one that depends
/// on nothing of the machine: environment, locale, where users are looked up. Scriptlets can then
/// not read its memory.
void be_hermetic(const TransactionRequest& request);

}  // namespace composer::rpm
