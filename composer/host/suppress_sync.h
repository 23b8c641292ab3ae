#pragma once

namespace composer::host {

/// Answers fsync and its like of this process, and of every process that it starts from here on,
/// with success at once. For what works on a tree or a disk that is not finished: that is written
/// to the medium once, by whoever finishes it. Needs CAP_SYS_ADMIN; without it, or on a kernel
/// without seccomp filters, everything is synced as asked, which only takes longer. May be called
/// between fork and exec.
void suppress_sync() noexcept;

}  // namespace composer::host
