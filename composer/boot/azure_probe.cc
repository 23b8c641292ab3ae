#include "composer/boot/azure_probe.h"

#include <charconv>

#include "composer/base/one_line.h"

namespace composer::vm {
namespace {

constexpr std::string_view kMark = "image-composer ";
constexpr std::size_t kMostUnits = 100;

/// Sizes are told in sectors of 512 bytes, as sysfs has them. What an agent keeps of the custom
/// data is for root alone.
constexpr std::string_view kScript = R"sh(LC_ALL=C SYSTEMD_COLORS=0
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL SYSTEMD_COLORS
say() { printf 'image-composer %s %s\n' "$1" "$2"; }
read -r line < /proc/sys/kernel/hostname && say hostname "$line"
say user "$(id -un)"
[ "$(sudo -n id -u 2> /dev/null)" = 0 ] && say sudo yes
for file in /var/lib/cloud/instance/user-data.txt /var/lib/waagent/CustomData; do
  if sudo -n test -s "$file" 2> /dev/null; then
    set -- $(sudo -n sha256sum "$file" 2> /dev/null)
    say custom-data "$1"
    break
  fi
done
device=$(findmnt -n -o SOURCE / 2> /dev/null)
device=${device%%\[*}
name=$(readlink -f "$device")
name=${name##*/}
block=/sys/class/block/$name
if [ -n "$name" ] && [ -r "$block/partition" ]; then
  read -r start < "$block/start" && read -r size < "$block/size"
  say partition-end $((start + size))
  say partition-size "$size"
  disk=$(readlink -f "$block/..")
  read -r size < "$disk/size" && say disk-size "$size"
fi
set -- $(stat -f -c '%b %S' /)
say filesystem-size $(($1 * $2 / 512))
say clock-service "$(systemctl is-active chronyd.service 2> /dev/null)"
[ -e /dev/ptp_hyperv ] && say host-clock yes
systemctl list-units --state=failed --no-legend --plain --full 2> /dev/null |
  while read -r unit rest; do [ -n "$unit" ] && say failed "$unit"; done
say end 1
)sh";

std::uint64_t sectors(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > (1ull << 50)) return 0;
  return value * 512;
}

}  // namespace

std::string azure_probe_script() {
  return std::string(kScript);
}

std::optional<AzureProbe> parse_azure_probe(std::string_view output) {
  AzureProbe probe;
  while (!output.empty()) {
    const auto newline = output.find('\n');
    std::string_view line = output.substr(0, newline);
    output.remove_prefix(newline == std::string_view::npos ? output.size() : newline + 1);
    if (!line.starts_with(kMark)) continue;
    line.remove_prefix(kMark.size());
    const auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, space);
    const std::string_view value = line.substr(space + 1);
    if (key == "end") return probe;
    if (key == "hostname") probe.host_name = one_line(value, 64);
    if (key == "user") probe.user = one_line(value, 64);
    if (key == "sudo") probe.may_sudo = true;
    if (key == "custom-data") probe.custom_data_sha256 = one_line(value, 64);
    if (key == "disk-size") probe.disk_size = sectors(value);
    if (key == "partition-end") probe.partition_end = sectors(value);
    if (key == "partition-size") probe.partition_size = sectors(value);
    if (key == "filesystem-size") probe.filesystem_size = sectors(value);
    if (key == "clock-service") probe.clock_service = one_line(value, 32);
    if (key == "host-clock") probe.has_host_clock = true;
    if (key == "failed" && probe.failed_units.size() < kMostUnits) {
      probe.failed_units.push_back(one_line(value, 255));
    }
  }
  return std::nullopt;
}

}  // namespace composer::vm
