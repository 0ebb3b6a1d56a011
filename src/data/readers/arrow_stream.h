// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "data/arrow_c_data.h"
#include "data/events.h"

namespace truenext {

/// Opens a table that comes as an Arrow C stream: the columns that `options` name, else those whose
/// names and first values fit, as in text files. `source` is used up, also when this throws.
///
/// Ids are text or bytes (with the blanks around them taken off, as from text files), whole numbers
/// as their digits, bool as true and false, and floats that are whole: 123.0 is the id "123", which
/// warnings() counts. Times are whole and decimal numbers, text in the forms of parse_time(),
/// timestamps and dates, which become seconds since 1970 whatever their unit. Values are numbers,
/// bool or text. Dictionaries of these are read as what they stand for. Any other type is a data
/// Error that says how to cast it; so is a null, unless skip_bad counts it.
std::unique_ptr<EventReader> open_arrow_stream(ArrowArrayStream* source,
                                               const ReaderOptions& options);

}  // namespace truenext
