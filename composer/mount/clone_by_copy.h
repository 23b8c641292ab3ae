#pragma once

#include "composer/base/file_descriptor.h"

namespace composer::mount {

/// From here on FICLONE of this process and its children, a request for a reflink, is asked of the
/// one who holds the result and calls answer_clone_request. A listener that is closed makes the
/// request fail, as on a filesystem without reflinks.
/// @return the listener, or nothing where the kernel has none (Linux 5.0; needs CAP_SYS_ADMIN).
/// Source: seccomp_unotify(2).
FileDescriptor listen_for_clone_requests();

/// Answers one request: makes the clone, or where the filesystem has no reflinks (ext4) the same
/// content by copying, which whoever asked cannot tell apart. It is left to the kernel, whose
/// answer is then the usual error, unless both are regular files, the one to be written is empty
/// and the other has at most 256 MiB and no set-ID bit. Only with descriptors that the asking
/// process has itself, so it reaches nothing that it could not read and write on its own
/// (Linux 5.6: pidfd_getfd).
void answer_clone_request(int listener) noexcept;

/// The descriptor `number` of the process `pid`, or nothing.
FileDescriptor descriptor_of(pid_t pid, int number) noexcept;

}  // namespace composer::mount
