// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "data/dataset.h"

namespace truenext::cli {

/// What the dataset holds of attributes, and what prepare took of their file for what: lines with
/// names of `width` characters; empty when there are none.
std::string attribute_text(const Dataset& dataset, size_t width);

}  // namespace truenext::cli
