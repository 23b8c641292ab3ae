#pragma once

#include "composer/rpm/transaction.h"
#include "composer/rpm/transaction_channel.h"

namespace composer::rpm {

/// The contained side of install_packages: one librpm transaction into "/", which is the target's
/// root here. Packages come as descriptors over `channel`, asked for by their place in the request;
/// progress, warnings and scriptlets' ends go back over it.
///
/// Messages to the other side: {"open": index} asks for a descriptor; {"package": nevra,
/// "index": index} when its unpacking begins; {"warning": text}; {"note": text}; {"script": phase,
/// "package": nevra, "failed": bool, "notes": [...]} waits for an answer, so that what the
/// scriptlet printed is told apart from what the next one prints; {"modules": [indices]} names
/// packages with kernel modules whose indexes are put off; {"index": [kernels]} has them made, and
/// {"indexed": true} waits until they are; {"error": wire text} ends the session.
///
/// @return  The exit status of the process, which is not to do anything else.
int run_session(const TransactionRequest& request, const TransactionChannel& channel);

}  // namespace composer::rpm
