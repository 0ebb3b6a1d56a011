// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace truenext {

/// What the bar shows.
struct Progress {
  int64_t epoch = 0, epochs = 0;
  int64_t batch = 0, batches = 0;
  double loss = 0;  ///< running mean of the epoch
  double positions_per_second = 0;
  double seconds_left = -1;  ///< to the last epoch at most; negative = unknown
};

/// One line, e.g. "epoch 12/400 [########----] 31/48 loss 0.1402 310k positions/s 41m left".
std::string progress_line(const Progress& progress);
/// "41s", "12m", "3h07".
std::string duration_text(double seconds);
/// "310k", "1.2M".
std::string count_text(double count);

/// Redraws the bar on stderr, at most ten times a second.
void draw_progress(const Progress& progress);
/// Removes it, so that a message can take its line.
void clear_progress();

}  // namespace truenext
