#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/root.h"

namespace composer::tree {

/// Compares two versions as rpm does: below zero when `a` is older, zero when equal, else above.
/// Source: rpm 4.18, rpmio/rpmvercmp.c.
int compare_versions(std::string_view a, std::string_view b);

/// The kernels of a root, newest first: each version with `vmlinuz` in /usr/lib/modules/VERSION or
/// as /boot/vmlinuz-VERSION.
std::vector<std::string> installed_kernels(const Root& root);

/// The kernels, of which an image that boots must have one.
/// @throws Error  when there is none.
std::vector<std::string> required_kernels(const Root& root);

}  // namespace composer::tree
