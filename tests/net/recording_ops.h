// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>

#include "net/ops.h"

namespace truenext::net {

/// Hands every operation on to another backend and writes down which random masks a network draws.
class RecordingOps final : public Ops {
 public:
  explicit RecordingOps(Ops& inner) : Ops(inner.input()), inner_(inner) {}

  /// How often each is drawn, by purpose and number.
  const std::map<std::pair<Purpose, int64_t>, int>& masks() const { return masks_; }

  Rows dropout(Rows x, double rate, Purpose purpose, int64_t number) override {
    draw(purpose, number);
    return inner_.dropout(x, rate, purpose, number);
  }
  Rows block(Rows x, const BlockCall& call, const Wanted& wanted) override {
    draw(Purpose::dropout_attention, call.number);
    draw(Purpose::dropout_attention_output, call.number);
    draw(Purpose::dropout_activation, call.number);
    draw(Purpose::dropout_output, call.number);
    return inner_.block(x, call, wanted);
  }
  Rows attention(Rows q, Rows k, Rows v, const AttentionCall& call, const Wanted& wanted) override {
    if (call.dropout > 0) draw(Purpose::dropout_attention, call.number);
    return inner_.attention(q, k, v, call, wanted);
  }
  Rows lookup(std::string_view table, Ids ids, Layout layout) override {
    return inner_.lookup(table, std::move(ids), layout);
  }
  Rows parameter(std::string_view name) override { return inner_.parameter(name); }
  Rows linear(Rows x, std::string_view name, bool bias) override {
    return inner_.linear(x, name, bias);
  }
  Rows layer_norm(Rows x, std::string_view name, double epsilon) override {
    return inner_.layer_norm(x, name, epsilon);
  }
  Rows add(Rows x, Rows y, double factor) override { return inner_.add(x, y, factor); }
  Rows multiply(Rows x, Rows y) override { return inner_.multiply(x, y); }
  Rows scale(Rows x, double factor, double shift) override {
    return inner_.scale(x, factor, shift);
  }
  Rows apply(Function function, Rows x) override { return inner_.apply(function, x); }
  Rows unit_rows(Rows x, double smallest) override { return inner_.unit_rows(x, smallest); }
  Rows standardise(Rows x, double epsilon) override { return inner_.standardise(x, epsilon); }
  Rows beside(std::span<const Rows> parts) override { return inner_.beside(parts); }
  Rows columns(Rows x, int64_t begin, int64_t end) override {
    return inner_.columns(x, begin, end);
  }
  Rows gather(Rows x, Ids ids, Layout layout) override {
    return inner_.gather(x, std::move(ids), layout);
  }
  Rows scatter_sum(Rows x, Ids ids, int64_t count, Layout layout) override {
    return inner_.scatter_sum(x, std::move(ids), count, layout);
  }
  Rows weigh(Rows x, std::span<const float> weights) override { return inner_.weigh(x, weights); }
  Rows segment_sum(Rows x, Offsets offsets, Layout layout) override {
    return inner_.segment_sum(x, std::move(offsets), layout);
  }
  Rows segment_max(Rows x, Offsets offsets, Layout layout) override {
    return inner_.segment_max(x, std::move(offsets), layout);
  }
  Rows segment_softmax(Rows x, Offsets offsets) override {
    return inner_.segment_softmax(x, std::move(offsets));
  }
  Rows running_mean(Rows x, const Wanted& wanted) override {
    return inner_.running_mean(x, wanted);
  }
  Rows gru(Rows x, const GruCall& call, const Wanted& wanted) override {
    return inner_.gru(x, call, wanted);
  }
  Rows conv(Rows x, const ConvCall& call, const Wanted& wanted) override {
    return inner_.conv(x, call, wanted);
  }
  Rows windows(Rows x, int64_t length, const Wanted& wanted, const Prefix& before) override {
    return inner_.windows(x, length, wanted, before);
  }
  Rows gru_over(Rows x, const Offsets& offsets, const GruCall& call) override {
    return inner_.gru_over(x, offsets, call);
  }
  Rows conv_over(Rows x, const Offsets& offsets, const ConvCall& call) override {
    return inner_.conv_over(x, offsets, call);
  }
  Rows slide(Rows x, int64_t length, int64_t height, std::string_view name, bool bias) override {
    return inner_.slide(x, length, height, name, bias);
  }

 private:
  void draw(Purpose purpose, int64_t number) { ++masks_[{purpose, number}]; }

  Ops& inner_;
  std::map<std::pair<Purpose, int64_t>, int> masks_;
};

}  // namespace truenext::net
