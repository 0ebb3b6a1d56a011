// SPDX-License-Identifier: Apache-2.0
#include "data/noise_truth.h"

#include <algorithm>

#include "base/error.h"
#include "data/dataset_files.h"
#include "data/noise.h"

namespace truenext {
namespace {

template <typename T>
std::span<const T> map_marks(MappedFile& file, const Dataset& dataset, const char* name) {
  const std::string path = (dataset.folder() / name).string();
  file = MappedFile(path);
  const std::span<const T> values = file.as<T>(path.c_str());
  check_data(
      values.size() == static_cast<size_t>(dataset.num_events()),
      "{}: {} entries, want {}, one for each event: the file is damaged; make the noise again",
      path, values.size(), dataset.num_events());
  return values;
}

template <typename T>
void check_entries(std::span<const T> values, int64_t low, int64_t end, const Dataset& dataset,
                   const char* name) {
  const bool fits = std::all_of(values.begin(), values.end(),
                                [&](T value) { return low <= value && value < end; });
  check_data(fits, "{}: an entry is not in {} to {}: the file is damaged; make the noise again",
             (dataset.folder() / name).string(), low, end - 1);
}

}  // namespace

NoiseTruth NoiseTruth::open(const Dataset& noisy) {
  check_data(noise_report(noisy).has_value(),
             "{}: a dataset without noise has no truth of it; `truenext noise` makes noisy ones",
             noisy.folder().string());
  NoiseTruth truth;
  truth.origins_ = map_marks<int64_t>(truth.origins_file_, noisy, dataset_files::kNoiseOrigins);
  truth.owners_ = map_marks<int32_t>(truth.owners_file_, noisy, dataset_files::kNoiseOwners);
  truth.marks_ = map_marks<uint8_t>(truth.marks_file_, noisy, dataset_files::kNoiseMarks);
  check_entries(truth.origins_, -1, int64_t{1} << 48, noisy, dataset_files::kNoiseOrigins);
  check_entries(truth.owners_, -1, noisy.num_users(), noisy, dataset_files::kNoiseOwners);
  const auto marks = static_cast<int64_t>(words_of<NoiseMark>().size());
  check_entries(truth.marks_, 0, marks, noisy, dataset_files::kNoiseMarks);
  return truth;
}

}  // namespace truenext
