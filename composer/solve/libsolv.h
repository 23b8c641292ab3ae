#pragma once

// libsolv, as this folder sees it: the only file that includes its headers, and thin owners of its
// handles with the C names recognisable. Included by .cc files and internal headers of solve/
// alone.

// libsolv has a member named `requires`, a keyword of C++20; with this it is called dep_requires.
#define LIBSOLV_SOLVABLE_PREPEND_DEP

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wcast-qual"
extern "C" {
#include <solv/bitmap.h>
#include <solv/chksum.h>
#include <solv/dataiterator.h>
#include <solv/evr.h>
#include <solv/knownid.h>
#include <solv/pool.h>
#include <solv/pool_parserpmrichdep.h>
#include <solv/poolarch.h>
#include <solv/queue.h>
#include <solv/repo.h>
#include <solv/repo_rpmmd.h>
#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/selection.h>
#include <solv/solv_xfopen.h>
#include <solv/solvable.h>
#include <solv/solver.h>
#include <solv/solvversion.h>
#include <solv/testcase.h>
#include <solv/transaction.h>
}
#pragma GCC diagnostic pop

#include <vector>

#include "composer/base/handle.h"

namespace composer::solve {

using PoolHandle = Handle<Pool, pool_free>;
using SolverHandle = Handle<Solver, solver_free>;

/// A Queue of Ids that frees itself.
class IdQueue {
 public:
  IdQueue() { queue_init(&raw_); }
  IdQueue(const IdQueue&) = delete;
  IdQueue& operator=(const IdQueue&) = delete;
  ~IdQueue() { queue_free(&raw_); }

  Queue* get() { return &raw_; }
  int size() const { return raw_.count; }
  Id operator[](int i) const { return raw_.elements[i]; }
  void push(Id id) { queue_push(&raw_, id); }
  std::vector<Id> to_vector() const { return {raw_.elements, raw_.elements + raw_.count}; }

 private:
  Queue raw_{};
};

}  // namespace composer::solve
