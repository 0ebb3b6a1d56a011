// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <truenext/truenext.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inference/model_file.h"
#include "inference/model_weights.h"

namespace truenext {

struct CloseHandle {
  void operator()(truenext_model* model) const { truenext_model_close(model); }
  void operator()(truenext_lists* lists) const { truenext_lists_close(lists); }
  void operator()(char* text) const { truenext_free(text); }
};
using Opened = std::unique_ptr<truenext_model, CloseHandle>;
using Answered = std::unique_ptr<truenext_lists, CloseHandle>;
using ApiText = std::unique_ptr<char, CloseHandle>;

using Lines = std::vector<std::vector<std::string>>;

/// Rows of ids as a caller of the interface holds them.
struct Rows {
  explicit Rows(const Lines& rows) {
    for (const auto& row : rows) {
      for (const std::string& id : row) {
        bytes += id;
        text_offsets.push_back(static_cast<int64_t>(bytes.size()));
      }
      row_offsets.push_back(static_cast<int64_t>(text_offsets.size()) - 1);
    }
    texts.size = sizeof texts;
    texts.num_texts = static_cast<int64_t>(text_offsets.size()) - 1;
    texts.num_rows = static_cast<int64_t>(rows.size());
    texts.bytes = bytes.data();
    texts.text_offsets = text_offsets.data();
    texts.row_offsets = row_offsets.data();
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  std::string bytes;
  std::vector<int64_t> text_offsets{0}, row_offsets{0};
  truenext_texts texts{};
};

inline truenext_query query_of(int64_t k, int32_t threads = 1) {
  truenext_query query{};
  query.size = sizeof query;
  query.k = k;
  query.threads = threads;
  return query;
}

/// A model of random weights whose items are called i0, i1, ...
inline void write_small_model(const std::filesystem::path& path, int64_t items,
                              const std::optional<Calibration>& calibration = {},
                              TimeUse time = TimeUse::none) {
  ModelDescription description;
  description.model.hidden_size = 16;
  description.model.max_length = 6;
  description.model.time = time;
  description.loss_name = "a loss";
  description.calibration = calibration;
  std::vector<std::string> ids;
  for (int64_t item = 0; item < items; ++item) ids.push_back("i" + std::to_string(item));
  const ModelWeights weights = random_weights(description.model, items);
  write_model_file(path, description, weights.views, ids, {});
}

inline Opened open_model(const std::filesystem::path& path) {
  truenext_model* model = nullptr;
  truenext_model_open(path.c_str(), 0, &model);
  return Opened(model);
}

}  // namespace truenext
