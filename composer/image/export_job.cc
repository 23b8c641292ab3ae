#include "composer/image/export_job.h"

#include "composer/error.h"
#include "composer/host/interrupt.h"

namespace composer::image {

ExportMeter::ExportMeter(Progress& progress, Bytes expected) : progress_(progress) {
  progress_.begin(Stage::write_images, {0, expected});
}

void ExportMeter::advance(std::uint64_t bytes, std::string_view file) {
  const std::lock_guard lock(mutex_);
  done_ += bytes;
  progress_.advance(Stage::write_images, {0, {done_}}, file);
}

void ExportMeter::warning(std::string_view text) {
  const std::lock_guard lock(mutex_);
  progress_.warning(text);
}

void ExportMeter::finish() {
  const std::lock_guard lock(mutex_);
  progress_.end(Stage::write_images, {0, {done_}});
}

void ExportMeter::check() const {
  host::throw_if_interrupted();
  if (stopped_) throw Error(ErrorKind::build, "stopped because another image failed");
}

}  // namespace composer::image
