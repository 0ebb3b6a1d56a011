// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "data/prepare.h"

struct ArrowArrayStream;

namespace truenext {

/// prepare_dataset() of a table that lies in memory, or comes from a query: an Arrow C stream, as
/// `__arrow_c_stream__` of Python's frames gives it (data/arrow_c_data.h). The same rows give the
/// same dataset as a CSV file of them. `source` is used up: it is released before this returns or
/// throws, whatever happens. Batches are read one at a time on the calling thread.
///
/// Of options.source the columns, time_scale, skip_bad and keep_missing_words count; `path` is what
/// messages call the table, "table" when it is empty. Usage Error when one of the others is set,
/// which say how text is read; data Error with row and column for what readers/arrow_stream.h does
/// not take.
PrepareReport prepare_stream(ArrowArrayStream* source, PrepareOptions options);

}  // namespace truenext
