// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// Teachers made of counts over the training part; formulas beside kPopularityMember.
std::unique_ptr<Scorer> make_popularity_teacher(const Dataset& dataset);
std::unique_ptr<Scorer> make_item_to_item_teacher(const Dataset& dataset);

}  // namespace truenext
