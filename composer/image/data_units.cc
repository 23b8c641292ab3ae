#include "composer/image/data_units.h"

#include <algorithm>

namespace composer::image {

std::uint64_t DataUnit::data_bytes() const {
  std::uint64_t sum = 0;
  for (const Extent& extent : data) sum += extent.length;
  return sum;
}

std::optional<DataUnit> DataUnits::next() {
  if (!extent_) return std::nullopt;
  DataUnit unit;
  unit.start = extent_->start / unit_size_ * unit_size_;
  unit.length = std::min(unit_size_, disk_.size - unit.start);
  const std::uint64_t end = unit.start + unit.length;
  while (extent_ && extent_->start < end) {
    const std::uint64_t extent_end = extent_->end();
    const std::uint64_t part_end = std::min(extent_end, end);
    unit.data.push_back({extent_->start, part_end - extent_->start});
    if (extent_end > end) {
      extent_ = Extent{end, extent_end - end};
    } else {
      extent_ = next_data(disk_, part_end);
    }
  }
  return unit;
}

}  // namespace composer::image
