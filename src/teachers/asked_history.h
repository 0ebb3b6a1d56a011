// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// What a teacher is asked: event `end` of a user, of which there is one, given those before it but
/// for event `without` (-1: none is left out).
struct AskedEvent {
  int64_t user = 0, end = 0;
  int64_t without = -1;
};

/// Adds that history and, where the dataset has times, those of its events and of event `end`,
/// which is when it is asked.
void add_asked(const Dataset& dataset, const AskedEvent& event, Queries* asked);

}  // namespace truenext
