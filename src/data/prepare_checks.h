// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data/prepare.h"

namespace truenext {

/// Whether --min-value is set.
bool asks_for_values(const PrepareOptions& options);

/// What the reader is told. Values are only read when they decide something: many logs have some
/// that are missing.
ReaderOptions source_of(const PrepareOptions& options);

/// Usage Error when the options want of a source what it does not have.
void check_fits(const PrepareOptions& options, const EventReader& reader);

/// The method of the split when it is left to the source. Usage Error when a given split is asked
/// for and there is none, or when filters would change its events.
SplitMethod split_method(const PrepareOptions& options, const PrepareReport& report,
                         bool source_has_split);

}  // namespace truenext
