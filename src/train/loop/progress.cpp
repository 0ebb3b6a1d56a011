// SPDX-License-Identifier: Apache-2.0
#include "train/loop/progress.h"

#include <fmt/format.h>

#include <cmath>

#include "base/status_line.h"

namespace truenext {

std::string duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}", whole / 60, whole % 60);
  return fmt::format("{}h{:02}", whole / 3600, whole % 3600 / 60);
}

std::string count_text(double count) {
  if (count >= 1e6) return fmt::format("{:.1f}M", count / 1e6);
  if (count >= 1e3) return fmt::format("{:.0f}k", count / 1e3);
  return fmt::format("{:.0f}", count);
}

std::string progress_line(const Progress& p) {
  constexpr int kWidth = 20;
  const auto filled = p.batches > 0 ? static_cast<int>(kWidth * p.batch / p.batches) : 0;
  const std::string bar = std::string(static_cast<size_t>(filled), '#') +
                          std::string(static_cast<size_t>(kWidth - filled), '-');
  std::string line =
      fmt::format("epoch {}/{} [{}] {}/{}  loss {:.4f}  {} positions/s", p.epoch, p.epochs, bar,
                  p.batch, p.batches, p.loss, count_text(p.positions_per_second));
  if (p.seconds_left >= 0) line += fmt::format("  {} left", duration_text(p.seconds_left));
  return line;
}

void draw_progress(const Progress& progress) {
  if (progress.batch == progress.batches || status_is_due()) show_status(progress_line(progress));
}

void clear_progress() {
  clear_status();
}

}  // namespace truenext
