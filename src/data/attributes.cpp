// SPDX-License-Identifier: Apache-2.0
#include "data/attributes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/attribute_collector.h"
#include "data/attribute_readers.h"
#include "data/dataset_files.h"
#include "data/readers/input_kind.h"
#include "data/recognition.h"

namespace truenext {

AttributeCounts count_attributes(JaggedView<int32_t> rows, int64_t num_attributes) {
  AttributeCounts counts;
  std::vector<int64_t> last_item(static_cast<size_t>(num_attributes), -1);
  for (int64_t item = 0; item < rows.size(); ++item) {
    const auto row = rows.row(item);
    const auto size = static_cast<int64_t>(row.size());
    counts.items_with += size > 0 ? 1 : 0;
    counts.entries += size;
    counts.most = std::max(counts.most, size);
    for (const int32_t id : row) {
      counts.repeats += last_item[id] == item ? 1 : 0;
      last_item[id] = item;
    }
  }
  return counts;
}

nlohmann::ordered_json attribute_json(const AttributeReport& report, int64_t num_items) {
  if (report.format.empty()) return nullptr;
  return {{"format", report.format},
          {"taken", account_json(report.source)},
          {"rows", report.rows},
          {"unknown_rows", report.unknown_rows},
          {"empty_rows", report.empty_rows},
          {"items_with", report.counts.items_with},
          {"items_without", num_items - report.counts.items_with},
          {"entries", report.counts.entries},
          {"repeats", report.counts.repeats},
          {"most", report.counts.most}};
}

ItemAttributes read_attributes(const std::string& path, const AttributeOptions& options,
                               const ItemLookup& items) {
  check_data(!std::filesystem::is_directory(path),
             "{}: this is a folder, want a file of attributes", path);
  LineReader input(path);
  const std::string_view start = input.peek(kSampleBytes);
  check_text(input.name(), start);
  const size_t begin = start.find_first_not_of(" \t\r\n");
  check_data(begin != std::string_view::npos, "{}: the file is empty, want items with attributes",
             input.name());
  AttributeCollector rows(input.name(), options, items);
  const bool json = start[begin] == '{';
  const std::string format =
      json ? read_attribute_json(input, options, rows) : read_attribute_table(input, options, rows);
  return rows.finish(format);
}

std::string write_attributes(const ItemAttributes& attributes,
                             const std::filesystem::path& folder) {
  AtomicFile offsets(folder / dataset_files::kAttributeOffsets);
  offsets.write_array(std::span<const int64_t>(attributes.rows.offsets));
  offsets.commit();
  AtomicFile values(folder / dataset_files::kAttributes);
  values.write_array(std::span<const int32_t>(attributes.rows.values));
  values.commit();
  write_id_file(
      folder / dataset_files::kAttributeIds, attributes.ids.size(),
      [&](int64_t id) { return attributes.ids.raw(id); }, true);
  const IdFile items(folder / dataset_files::kItemIds, attributes.rows.size(), true);
  const IdFile ids(folder / dataset_files::kAttributeIds, attributes.ids.size(), true);
  return attribute_fingerprint(items, attributes.rows, ids);
}

}  // namespace truenext
