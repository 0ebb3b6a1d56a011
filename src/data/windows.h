// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/prepare.h"

namespace truenext {

/// The protocol of windows, as the code of CSRec (Wu et al., arXiv 2311.02446) has it: a sequence
/// of more than `window_length` events is cut into windows of that length, each of which is a
/// history of its own from then on ("user#1", "user#2", ..., oldest first), with its own last item
/// for test and the one before it for validation. Windows may overlap, so held-out events of one
/// can be training events of another: count_leaks() says how many.

/// Usage Error when the options of windows make no sense, lack --split windows, or stand beside
/// options of other splits.
void check_windows(const SplitOptions& options);

/// Events between the starts of windows: --window-stride, or the window's length.
int64_t window_stride(const SplitOptions& options);

/// Where the windows of a sequence of `n` events start, ascending: 0, and for n > length also
/// n - length, n - length - stride, ... as far as they are above 0. The newest ends with the
/// sequence; the first overlaps the second unless the stride divides n - length.
std::vector<int64_t> window_starts(int64_t n, int64_t length, int64_t stride);

/// The windows of all users, ordered by user, then start.
struct Windows {
  std::vector<int32_t> users;    ///< whose window it is
  std::vector<int64_t> begins;   ///< its first event, counted over all users' events
  std::vector<int64_t> offsets;  ///< of the windows laid end to end; size() + 1 entries

  int64_t size() const { return static_cast<int64_t>(users.size()); }
  int64_t length(int64_t window) const { return offsets[window + 1] - offsets[window]; }
};
/// `offsets` are those of the users' events. Data Error when there are more than 2^31 - 1 windows.
Windows make_windows(std::span<const int64_t> offsets, const SplitOptions& options);

/// A held-out event leaks when it is the target of a training example (any training item but the
/// first) of another window of its user, so with the same items before it.
WindowReport count_leaks(const Windows& windows);

/// "user#3" of the third window (number 2) of "user".
std::string window_id(std::string_view user, int64_t number);

/// The history that `raw` names: a user's; in a dataset of windows the newest window of the user of
/// that id, or else the window of that id.
std::optional<int32_t> find_history(const Dataset& dataset, std::string_view raw);

/// What prepare counted; nothing for datasets of other splits.
std::optional<WindowReport> window_report(const Dataset& dataset);

/// "; 13.8 % of test targets leak: they are trained on in overlapping windows".
std::string leak_label(const WindowReport& report);
/// The same in full, with what to do about it.
std::string leak_warning(const WindowReport& report);

}  // namespace truenext
