// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "interop/state_dict.h"

namespace truenext {

/// A state dict in memory.
class MemoryStateDict final : public StateDict {
 public:
  void add(const std::string& name, std::vector<int64_t> shape, float first) {
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    std::vector<float> data(static_cast<size_t>(size));
    for (size_t i = 0; i < data.size(); ++i) data[i] = first + static_cast<float>(i);
    add_values(name, std::move(shape), std::move(data));
  }
  void add_values(const std::string& name, std::vector<int64_t> shape, std::vector<float> data) {
    tensors_.push_back({name, std::move(shape)});
    values_.push_back(std::move(data));
  }
  void remove(const std::string& name) {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (tensors_[i].name != name) continue;
      tensors_.erase(tensors_.begin() + static_cast<std::ptrdiff_t>(i));
      values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
    FAIL() << name;
  }
  void set_path(const std::string& path) { path_ = path; }
  const std::filesystem::path& path() const override { return path_; }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::vector<float> read(size_t index) const override { return values_[index]; }

 private:
  std::filesystem::path path_ = "memory.pt";
  std::vector<TensorInfo> tensors_;
  std::vector<std::vector<float>> values_;
};

}  // namespace truenext
