#pragma once

#include <dlfcn.h>
#include <string>

#include "composer/base/handle.h"

namespace composer::guest {

/// @throws Error  of kind host saying why, and what to install.
[[noreturn]] void refuse_host(std::string why);

void close_library(void* library);

/// libguestfs, loaded when it is first needed, so that the rest works without it.
class Library {
 public:
  /// @param needed_for  Completes "cannot load libguestfs, needed to …".
  explicit Library(const char* needed_for);

  template <typename Function>
  Function* find(const char* name) const {
    void* found = ::dlsym(handle_.get(), name);
    if (!found) refuse_host(std::string("this libguestfs has no '") + name + "'");
    return reinterpret_cast<Function*>(found);
  }

 private:
  Handle<void, close_library> handle_;
};

}  // namespace composer::guest
