#include "composer/boot/guest_script.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/base64.h"
#include "composer/error.h"

namespace composer::vm {
namespace {

/// Starts with the first units and waits for the end of the start itself, beside the boot and not
/// in it: no unit is ordered after it, and its own start job is over at once, so that it cannot
/// delay what it measures. Each record is one write of one line.
constexpr std::string_view kScript =
    R"sh(# How this machine's start went, said on its second serial port.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER=
export PATH LC_ALL SYSTEMD_COLORS SYSTEMD_PAGER
read -r nonce < /run/credentials/@system/image-composer.nonce || exit 1
exec 3<> /dev/ttyS1 || exit 1
stty raw -echo <&3 2> /dev/null
count=0
say() {
  count=$((count + 1))
  printf 'image-composer %s %s %s\n' "$nonce" "$1" "$2" >&3
}
# The while loops read here-documents, not pipes, so that they count in this shell.
properties() {
  while read -r line; do say "$1" "$2 $line"; done << END
$(systemctl show -p "$3" -- "$2" 2> /dev/null)
END
}

where=system
[ -e /etc/initrd-release ] && where=initrd
read -r uptime rest < /proc/uptime
say hello "$uptime $where"

# While the start lasts: which jobs it waits for.
(while sleep 10; do
  say waiting "$where"
  systemctl list-jobs --no-legend --full 2> /dev/null | while read -r id unit kind state; do
    [ "$state" = running ] && say job "$unit"
  done
done) &
waiting=$!
[ "$where" = initrd ] && wait

while :; do
  state=$(systemctl is-system-running --wait 2> /dev/null)
  case $state in running | degraded | maintenance | stopping) break ;; esac
  sleep 1
done
# A unit that starts quickly and dies is seen in the act, or after its last try.
for try in 1 2 3 4 5 6 7 8 9 10; do
  systemctl is-active -- @UNITS@ 2> /dev/null | while read -r active; do
    case $active in activating | reloading | refreshing) exit 1 ;; esac
  done && break
  sleep 1
done
kill "$waiting" 2> /dev/null
wait "$waiting" 2> /dev/null
state=$(systemctl is-system-running 2> /dev/null)

count=0
say begin 1
say state "$state"
read -r line < /proc/sys/kernel/osrelease && say kernel "$line"
read -r line < /proc/sys/kernel/hostname && say hostname "$line"
for name in InitRDTimestampMonotonic UserspaceTimestampMonotonic FinishTimestampMonotonic; do
  say time "$(systemctl show -p "$name")"
done
for unit in @UNITS@ @OBSERVED@; do
  properties unit "$unit" LoadState,ActiveState,SubState,Result,ActiveEnterTimestampMonotonic
done
explained=0
while read -r unit rest; do
  [ -n "$unit" ] || continue
  say failed "$unit"
  explained=$((explained + 1))
  [ "$explained" -le 20 ] || continue
  properties unit "$unit" LoadState,ActiveState,SubState,Result
  while read -r line; do [ -n "$line" ] && say log "$unit $line"; done << END
$(journalctl -b -u "$unit" -n 5 -o cat -q --no-pager 2> /dev/null)
END
done << END
$(systemctl list-units --state=failed --no-legend --plain --full 2> /dev/null)
END
# What fstab names must be mounted, unless it says that it may be absent.
[ -r /etc/fstab ] && while read -r device place type options rest; do
  case $device in '' | \#*) continue ;; esac
  case $place in /*) ;; *) continue ;; esac
  case ,$options, in *,noauto,* | *,nofail,* | *,x-systemd.automount,*) continue ;; esac
  [ "$place" = / ] || place=${place%/}
  mounted=no
  while read -r source point rest; do
    [ "$point" = "$place" ] && mounted=yes
  done < /proc/self/mounts
  [ "$mounted" = yes ] || say unmounted "$place"
done < /etc/fstab
say end "$count"

while read -r order <&3; do
  [ "$order" = poweroff ] && systemctl poweroff
done
)sh";

/// Ordered before the shutdown alone, so that it is stopped by it and holds up nothing else.
constexpr std::string_view kUnit = R"([Unit]
Description=Report of this start to the machine's second serial port
DefaultDependencies=no
{}
[Service]
Type=exec
ExecStart=/bin/sh /run/credentials/@system/image-composer.report
StandardInput=null
StandardOutput=null
StandardError=null
)";

constexpr std::string_view kInSystem =
    "ConditionPathExists=!/etc/initrd-release\n"
    "Conflicts=shutdown.target\n"
    "Before=shutdown.target\n";
/// A unit of its own name for the initrd: one that is still there after the switch of roots would
/// count as started, and the system's own would never run.
constexpr std::string_view kInInitrd =
    "ConditionPathExists=/etc/initrd-release\n"
    "Conflicts=initrd-switch-root.target shutdown.target\n"
    "Before=initrd-switch-root.target shutdown.target\n";

constexpr std::string_view kUnitSuffixes[] = {".service", ".target", ".socket", ".mount",
                                              ".timer",   ".path",   ".swap",   ".automount",
                                              ".device",  ".slice",  ".scope"};

}  // namespace

bool is_unit_name(std::string_view name) {
  constexpr std::string_view kOthers = ":-_.\\@";
  const auto allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  if (name.size() > 255 || !std::all_of(name.begin(), name.end(), allowed)) return false;
  return std::any_of(std::begin(kUnitSuffixes), std::end(kUnitSuffixes), [&](auto suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

std::string guest_script(const GuestQuestions& questions) {
  const auto quoted = [](const std::vector<std::string>& names) {
    std::string units;
    for (const std::string& name : names) {
      if (!is_unit_name(name)) {
        throw Error(ErrorKind::usage, fmt::format("'{}' is not the name of a systemd unit", name),
                    "write it with its suffix, e.g. sshd.service");
      }
      // A unit name has no character that means something between single quotes.
      units += fmt::format("{}'{}'", units.empty() ? "" : " ", name);
    }
    return units;
  };
  std::vector<std::string> judged = {questions.target};
  judged.insert(judged.end(), questions.services.begin(), questions.services.end());

  std::string script(kScript);
  const auto fill = [&](std::string_view placeholder, const std::string& units) {
    for (std::size_t at = 0; (at = script.find(placeholder, at)) != std::string::npos;) {
      script.replace(at, placeholder.size(), units);
      at += units.size();
    }
  };
  fill("@UNITS@", quoted(judged));
  fill(" @OBSERVED@", questions.observed.empty() ? "" : " " + quoted(questions.observed));
  return script;
}

std::vector<Credential> guest_credentials(const GuestQuestions& questions, std::string_view nonce) {
  return {
      // Credentials are for root alone, unit files are not: the nonce is in none of them.
      {"image-composer.nonce", fmt::format("{}\n", nonce)},
      {"image-composer.report", guest_script(questions)},
      {"systemd.extra-unit.image-composer-report.service",
       fmt::format(fmt::runtime(kUnit), kInSystem)},
      {"systemd.unit-dropin.sysinit.target", "[Unit]\nWants=image-composer-report.service\n"},
      {"systemd.extra-unit.image-composer-initrd.service",
       fmt::format(fmt::runtime(kUnit), kInInitrd)},
      {"systemd.unit-dropin.initrd.target", "[Unit]\nWants=image-composer-initrd.service\n"},
  };
}

std::string smbios_string(const Credential& credential) {
  return fmt::format("io.systemd.credential.binary:{}={}", credential.name,
                     base64_encode(credential.content));
}

}  // namespace composer::vm
