#include "composer/rpm/transaction_phase.h"

#include <array>
#include <rpm/rpmtag.h>

namespace composer::rpm {
namespace {

struct Phase {
  std::uint64_t tag;
  std::string_view name;
};

constexpr std::array<Phase, 17> kPhases = {
    {{RPMTAG_PRETRANS, "%pretrans"},
     {RPMTAG_TRIGGERPREIN, "%triggerprein"},
     {RPMTAG_PREIN, "%pre"},
     {RPMTAG_POSTIN, "%post"},
     {RPMTAG_TRIGGERIN, "%triggerin"},
     {RPMTAG_TRIGGERUN, "%triggerun"},
     {RPMTAG_PREUN, "%preun"},
     {RPMTAG_POSTUN, "%postun"},
     {RPMTAG_POSTTRANS, "%posttrans"},
     {RPMTAG_TRIGGERPOSTUN, "%triggerpostun"},
     {RPMTAG_VERIFYSCRIPT, "%verify"},
     {RPMTAG_FILETRIGGERIN, "%filetriggerin"},
     {RPMTAG_FILETRIGGERUN, "%filetriggerun"},
     {RPMTAG_FILETRIGGERPOSTUN, "%filetriggerpostun"},
     {RPMTAG_TRANSFILETRIGGERIN, "%transfiletriggerin"},
     {RPMTAG_TRANSFILETRIGGERUN, "%transfiletriggerun"},
     {RPMTAG_TRANSFILETRIGGERPOSTUN, "%transfiletriggerpostun"}}};

}  // namespace

std::string_view phase_of(std::uint64_t tag) {
  for (const Phase& phase : kPhases) {
    if (phase.tag == tag) return phase.name;
  }
  return "%script";
}

}  // namespace composer::rpm
