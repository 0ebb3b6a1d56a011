// SPDX-License-Identifier: Apache-2.0
#include "train/ranks/gradient_wire.h"

#include <cassert>
#include <cstring>
#include <vector>

namespace truenext {
namespace {

class Packer {
 public:
  template <typename T>
  void one(T value) {
    many(std::span<const T>(&value, 1));
  }
  template <typename T>
  void many(std::span<const T> values) {
    const std::span<const std::byte> bytes = std::as_bytes(values);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::byte> bytes) : left_(bytes) {}

  template <typename T>
  T one() {
    T value;
    many(std::span<T>(&value, 1));
    return value;
  }
  template <typename T>
  void many(std::span<T> values) {
    assert(values.size_bytes() <= left_.size());
    if (!values.empty()) std::memcpy(values.data(), left_.data(), values.size_bytes());
    left_ = left_.subspan(values.size_bytes());
  }
  bool at_end() const { return left_.empty(); }

 private:
  std::span<const std::byte> left_;
};

void pack_table(const TableGradient<float>& table, Packer& out) {
  out.one(table.num_rows());
  out.one(table.dim());
  out.one<int64_t>(table.dense() ? 1 : 0);
  if (!table.dense()) {
    out.one<int64_t>(static_cast<int64_t>(table.rows().size()));
    out.many(table.rows());
  }
  out.many(table.values());
}

TableGradient<float> unpack_table(Unpacker& in) {
  const auto num_rows = in.one<int64_t>();
  const auto dim = in.one<int64_t>();
  TableGradient<float> table(num_rows, dim);
  if (in.one<int64_t>() == 1) {
    in.many(table.make_dense());
    return table;
  }
  std::vector<int32_t> rows(static_cast<size_t>(in.one<int64_t>()));
  in.many(std::span(rows));
  AlignedVector<float> values(rows.size() * static_cast<size_t>(dim));
  in.many(std::span(values));
  table.set_rows(std::move(rows), std::move(values));
  return table;
}

}  // namespace

Bytes GradientWire::pack(const TileGradients<float>& gradients) {
  Packer out;
  out.one(gradients.loss);
  out.one<int64_t>(static_cast<int64_t>(gradients.dense.size()));
  out.many(std::span<const float>(gradients.dense));
  out.one<int64_t>(static_cast<int64_t>(gradients.tables.size()));
  for (const TableGradient<float>& table : gradients.tables) pack_table(table, out);
  pack_table(gradients.catalogue, out);
  return out.take();
}

TileGradients<float> GradientWire::unpack(std::span<const std::byte> bytes) {
  Unpacker in(bytes);
  TileGradients<float> gradients;
  gradients.loss = in.one<double>();
  gradients.dense.resize(static_cast<size_t>(in.one<int64_t>()));
  in.many(std::span(gradients.dense));
  const auto parameters = in.one<int64_t>();
  for (int64_t i = 0; i < parameters; ++i) gradients.tables.push_back(unpack_table(in));
  gradients.catalogue = unpack_table(in);
  assert(in.at_end());
  return gradients;
}

}  // namespace truenext
