// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "data/dataset.h"
#include "teachers/member.h"

namespace truenext {

struct EventNoiseOptions {
  int64_t following = 1;  ///< events behind an event that are asked what it does for them; w below
  double rate = 0.1;      ///< r: share of training events that are noise, as far as is known
  /// a: share of the noise that fell on any item, the rest on items by their popularity.
  double any_item = 0.5;
};

/// How much each training event looks like noise to models that were trained on it (docs/noise.md).
/// With h the events of the user before x_t, h' the same and those behind x_t but without x_t,
/// p_k the softmax of the scores of member k, and popularity p(x) = (count + 1) / (events + items)
/// of the training part, which answers in the place of every member where no event is before:
///   loss          L = mean_k -ln p_k(x_t | h)
///   excess        L + ln p(x_t)
///   following     F = mean_k sum_{j=1..w} ln p_k(x_t+j | h, x_t, ...) - ln p_k(x_t+j | h' ...), of
///                 the training events that there are
///   disagreement  standard deviation of ln p_k(x_t | h) over the K members
///   score         r q e^(L - F) / (1 - r + r q e^(L - F)),  q = a / items + (1 - a) p(x_t)
/// The score is the probability that x_t is noise where members were right about genuine events and
/// options about noise.
struct EventNoise {
  std::vector<int64_t> offsets;     ///< [users + 1]: the training events of each user in the others
  std::vector<float> loss, excess;  ///< nats
  std::vector<float> following;     ///< nats; 0 for the last of a user
  std::vector<float> disagreement;  ///< nats; empty with one member
  std::vector<float> score;         ///< in [0, 1]
  int64_t without_history = 0;      ///< events that popularity answered for: the first of each user
};

/// Every member sees histories cut to its own length, each in a pass of its own, as it does when it
/// labels (teachers/label_store.h): 1 + w passes for an event. The same bits for any number of
/// threads; beside the result, memory is bounded. Usage Error for options out of range; data Error
/// when a probability is 0 or not a number; interrupted: Error with ExitCode::interrupted.
EventNoise score_events(const EventNoiseOptions& options, std::span<const Member> members,
                        const Dataset& dataset, WorkerPool& pool);

}  // namespace truenext
