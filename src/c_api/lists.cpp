// SPDX-License-Identifier: Apache-2.0
#include "c_api/lists.h"

void truenext_lists_close(truenext_lists* lists) {
  delete lists;
}

int64_t truenext_lists_count(const truenext_lists* lists) {
  return static_cast<int64_t>(lists->answered->offsets.size()) - 1;
}

const int64_t* truenext_lists_offsets(const truenext_lists* lists) {
  return lists->answered->offsets.data();
}

const int32_t* truenext_lists_items(const truenext_lists* lists) {
  return lists->answered->items.data();
}

const float* truenext_lists_scores(const truenext_lists* lists) {
  return lists->answered->scores.data();
}

const double* truenext_lists_probabilities(const truenext_lists* lists) {
  return lists->answered->with_probabilities ? lists->answered->probabilities.data() : nullptr;
}

const int64_t* truenext_lists_unknown(const truenext_lists* lists) {
  return lists->answered->unknown.data();
}
