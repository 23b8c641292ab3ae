#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/root.h"

namespace composer::tree {

/// Compares two versions as rpm does: below zero when `a` is older, zero when equal, else above.
/// Source: rpm 4.18, rpmio/rpmvercmp.c.
int compare_versions(std::string_view a, std::string_view b);

/// The kernels of a root, newest first: each version with `vmlinuz` in /usr/lib/modules/VERSION or
/// as /boot/vmlinuz-VERSION.
std::vector<std::string> installed_kernels(const Root& root);

/// The kernels that the image starts, newest first: with `uki: packaged` those that a package
/// brought as a unified kernel image, else the installed ones.
/// @throws Error  when there is none, or a version is no part of a file name.
std::vector<std::string> required_kernels(const Plan& plan, const Root& root);

/// Where a kernel of installed_kernels is, and where a package has its unified kernel image.
std::string kernel_path(const Root& root, std::string_view version);
std::string packaged_image_path(std::string_view version);

}  // namespace composer::tree
