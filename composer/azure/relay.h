#pragma once

#include <filesystem>

namespace composer::azure {

/// Carries bytes between standard input and output, which QEMU connects to a guest's TCP
/// connection, and a Unix socket. QEMU starts one for each connection (`guestfwd=…-cmd:`), which is
/// what keeps them apart: a character device would mix them. Returns when either side is through,
/// at once when the server is busy, and after three minutes in any case.
/// @return the exit status of the process: 0, or 1 when there was no connection.
int relay(const std::filesystem::path& socket);

}  // namespace composer::azure
