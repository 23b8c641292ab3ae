#pragma once

#include <cstdlib>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmps.h>
#include <rpm/rpmte.h>
#include <rpm/rpmts.h>
#include <type_traits>

#include "composer/base/handle.h"

namespace composer::rpm {

// librpm's objects with their owners.
using Elements = Handle<std::remove_pointer_t<rpmtsi>, rpmtsiFree>;
using Files = Handle<std::remove_pointer_t<rpmfiles>, rpmfilesFree>;
using OwnedHeader = Handle<std::remove_pointer_t<Header>, headerFree>;
using Packages = Handle<std::remove_pointer_t<rpmdbMatchIterator>, rpmdbFreeIterator>;
using ProblemIterator = Handle<std::remove_pointer_t<rpmpsi>, rpmpsFreeIterator>;
using ProblemSet = Handle<std::remove_pointer_t<rpmps>, rpmpsFree>;
using Text = Handle<char, std::free>;  ///< What librpm has allocated with malloc.
using Transaction = Handle<std::remove_pointer_t<rpmts>, rpmtsFree>;

}  // namespace composer::rpm
