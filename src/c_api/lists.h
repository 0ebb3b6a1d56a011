// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "c_api/open_model.h"

namespace truenext::c_api {

/// An answer, column by column. Immutable once it is made.
struct AnsweredLists {
  std::shared_ptr<const OpenModel> model;
  std::vector<int64_t> offsets{0};  ///< entries of each list
  std::vector<int32_t> items;
  std::vector<float> scores;
  std::vector<double> probabilities;  ///< or none
  std::vector<int64_t> unknown;       ///< of each list
  bool with_probabilities = false;
};

}  // namespace truenext::c_api

struct truenext_lists {
  std::shared_ptr<const truenext::c_api::AnsweredLists> answered;
};
