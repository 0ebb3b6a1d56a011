// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "base/jagged.h"
#include "data/id_file.h"
#include "data/prepare.h"

namespace truenext {

/// Names of the files of a dataset folder; docs/data-formats.md describes them byte for byte.
namespace dataset_files {
inline constexpr const char* kDescription = "dataset.json";
inline constexpr const char* kOffsets = "offsets.bin";
inline constexpr const char* kItems = "items.bin";
inline constexpr const char* kTimes = "times.bin";
inline constexpr const char* kValues = "values.bin";
inline constexpr const char* kSplits = "splits.bin";
inline constexpr const char* kUserIds = "users.ids";
inline constexpr const char* kItemIds = "items.ids";
inline constexpr const char* kTitles = "titles.ids";
inline constexpr const char* kAttributeOffsets = "attribute-offsets.bin";
inline constexpr const char* kAttributes = "attributes.bin";
inline constexpr const char* kAttributeIds = "attributes.ids";
inline constexpr const char* kNoiseOrigins = "noise-origins.bin";
inline constexpr const char* kNoiseOwners = "noise-owners.bin";
inline constexpr const char* kNoiseMarks = "noise-marks.bin";
}  // namespace dataset_files

inline constexpr const char* kDatasetKind = "truenext dataset";
inline constexpr int64_t kDatasetVersion = 1;
/// PrepareOptions::min_value when there is no minimum.
inline constexpr double kNoMinimum = -1e300;

/// Hash of the canonical events: users in ascending order of their raw ids' bytes; of each user the
/// raw id, and the raw item (and time and value, where there are any) of each event in order.
/// Independent of the numbering inside and, where no two events of a user share a time, of the
/// order of the source.
std::string events_fingerprint(const IdFile& users, const IdFile& items,
                               JaggedView<int32_t> histories, std::span<const int64_t> times,
                               std::span<const float> values = {});

/// Hash of the events' fingerprint and the split points, users in the same order.
std::string split_fingerprint(const std::string& events, const IdFile& users,
                              std::span<const SplitPoint> split);

/// Hash of the items' attributes: items in ascending order of their raw ids' bytes; of each the raw
/// id and the raw ids of its attributes in their order. With equal numbers of the items, equal
/// fingerprints mean equal numbers of the attributes.
std::string attribute_fingerprint(const IdFile& items, JaggedView<int32_t> attributes,
                                  const IdFile& ids);

/// What the description says besides the options and the report.
struct DatasetFacts {
  bool has_times = false, has_values = false, has_titles = false;
  std::string fingerprint, split_fingerprint;
  std::string attribute_fingerprint;  ///< empty without attributes
};

/// The text of dataset.json. Options that cannot change the dataset (memory, overwrite) are not in
/// it.
std::string describe_dataset(const PrepareOptions& options, const PrepareReport& report,
                             const DatasetFacts& facts);

/// Counts of windows as they stand in dataset.json; null for other splits.
nlohmann::ordered_json windows_json(const std::optional<WindowReport>& windows);

/// The report as it stands in dataset.json (without the seconds, which differ between runs).
nlohmann::ordered_json report_json(const PrepareReport& report);

}  // namespace truenext
