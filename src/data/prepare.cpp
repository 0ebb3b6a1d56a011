// SPDX-License-Identifier: Apache-2.0
#include "data/prepare.h"

#include <utility>

#include "base/error.h"
#include "data/preparation.h"
#include "data/prepare_checks.h"
#include "data/prepare_stream.h"
#include "data/readers/arrow_batches.h"
#include "data/readers/arrow_stream.h"
#include "data/split.h"
#include "data/windows.h"

namespace truenext {
namespace {

void check_split_options(const SplitOptions& split) {
  check_windows(split);
  if (split.method != SplitMethod::automatic) check_split(split);
}

/// Options that say how text is read.
void check_no_text_options(const ReaderOptions& source) {
  check_usage(source.format == "auto" || source.format == "arrow",
              "--format {}: a table in memory has no format", source.format);
  check_usage(source.columns.empty() && source.header && source.separator.empty() &&
                  source.quotes == QuoteOption::automatic &&
                  source.comments == CommentOption::automatic,
              "--columns, --no-header, --separator, --quotes and --comments say how text is read, "
              "which a table in memory is not; --user-column, --item-column, --time-column and "
              "--value-column name its columns");
}

}  // namespace

PrepareReport prepare_dataset(const PrepareOptions& options) {
  check_split_options(options.split);
  return Preparation(options, open_events(source_of(options))).run();
}

PrepareReport prepare_stream(ArrowArrayStream* source, PrepareOptions options) {
  ArrowOwned<ArrowArrayStream> stream;
  if (source != nullptr) stream.take(*source);
  check_split_options(options.split);
  check_no_text_options(options.source);
  if (options.source.path.empty()) options.source.path = "table";
  std::unique_ptr<EventReader> reader = open_arrow_stream(stream.get(), source_of(options));
  return Preparation(std::move(options), std::move(reader)).run();
}

}  // namespace truenext
