// SPDX-License-Identifier: Apache-2.0
#include "net/work_pass.h"

#include <algorithm>
#include <string>

namespace truenext::net {

double WorkPass::widest() const {
  return largest_ / static_cast<double>(std::max<int64_t>(input().tokens(), 1));
}

WorkPass::Size WorkPass::size_of(std::string_view name, std::string_view end) const {
  const std::vector<int64_t>& shape =
      tensors_[static_cast<size_t>(names_.index(std::string(name).append(end)))].shape;
  return {shape.size() > 1 ? shape[0] : 1, shape.back()};
}

Rows WorkPass::make(int64_t count, int64_t width, Layout layout) {
  largest_ = std::max(largest_, static_cast<double>(count) * static_cast<double>(width));
  return {made_++, count, width, layout};
}

Rows WorkPass::wanted_rows(int64_t width, const Wanted& wanted) {
  if (wanted.is_all()) return make(input().tokens(), width, Layout::tokens);
  return make(std::ssize(wanted.tokens()), width, Layout::wanted);
}

void WorkPass::multiply_add(int64_t rows, int64_t out, int64_t in) {
  linear_ += 2.0 * static_cast<double>(rows) * static_cast<double>(out) * static_cast<double>(in);
}

void WorkPass::count_pairs(int64_t heads, int64_t width, bool causal, const Wanted& wanted) {
  const std::span<const int64_t> offsets = input().offsets;
  const int64_t rows = wanted.is_all() ? input().tokens() : std::ssize(wanted.tokens());
  double pairs = 0, weights = 0;
  int64_t s = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t token = wanted.is_all() ? row : wanted.tokens()[row];
    while (token >= offsets[s + 1]) ++s;
    const int64_t seen = (causal ? token + 1 : offsets[s + 1]) - offsets[s];
    pairs += static_cast<double>(seen);
    weights += static_cast<double>(offsets[s + 1] - offsets[s]);
  }
  attention_ += 2 * 2 * static_cast<double>(width) * pairs;
  largest_ = std::max(largest_, static_cast<double>(heads) * weights);
}

// ---- products with weights ---------------------------------------------------------------------

Rows WorkPass::linear(Rows x, std::string_view name, bool /*bias*/) {
  const Size w = size_of(name, ".weight");
  multiply_add(x.count, w.rows, w.columns);
  return make(x.count, w.rows, x.layout);
}

Rows WorkPass::gru_over(Rows x, const Offsets& /*offsets*/, const GruCall& call) {
  const Size input = size_of(call.name, "input_weight");
  const Size hidden = size_of(call.name, "hidden_weight");
  multiply_add(x.count, input.rows, input.columns);
  multiply_add(x.count, hidden.rows, hidden.columns);
  make(x.count, input.rows, x.layout);  // the gates
  return make(x.count, hidden.columns, x.layout);
}

Rows WorkPass::gru(Rows x, const GruCall& call, const Wanted& wanted) {
  return wanted_rows(gru_over(x, {}, call).width, wanted);
}

Rows WorkPass::block(Rows x, const BlockCall& call, const Wanted& wanted) {
  const int64_t d = x.width;
  const Rows y = wanted_rows(d, wanted);
  multiply_add(x.count, 2 * d, d);  // keys and values
  multiply_add(y.count, (call.style->output_projection ? 2 : 1) * d, d);
  multiply_add(y.count, 2 * call.inner_size, d);
  make(y.count, call.inner_size, y.layout);
  count_pairs(call.heads, d, call.causal, wanted);
  return y;
}

Rows WorkPass::attention(Rows q, Rows /*k*/, Rows /*v*/, const AttentionCall& call,
                         const Wanted& wanted) {
  count_pairs(call.heads, q.width, call.causal, wanted);
  return wanted_rows(q.width, wanted);
}

Rows WorkPass::conv(Rows /*x*/, const ConvCall& call, const Wanted& wanted) {
  const Size w = size_of(call.name, ".weight");
  const Rows y = wanted_rows(w.rows, wanted);
  multiply_add(y.count, w.rows, w.columns);
  make(y.count, w.columns, y.layout);  // the windows, which a device gathers
  return y;
}

Rows WorkPass::conv_over(Rows x, const Offsets& /*offsets*/, const ConvCall& call) {
  make(x.count, size_of(call.name, ".weight").columns, x.layout);
  return linear(x, call.name, call.bias);
}

Rows WorkPass::slide(Rows x, int64_t length, int64_t height, std::string_view name, bool /*bias*/) {
  const Size w = size_of(name, ".weight");
  const int64_t rows = x.count / length * (length - height + 1);
  multiply_add(rows, w.rows, w.columns);
  return make(rows, w.rows, Layout::other);
}

// ---- everything else only has a size
// -------------------------------------------------------------

Rows WorkPass::lookup(std::string_view table, Ids ids, Layout layout) {
  return make(std::ssize(ids), size_of(table).columns, layout);
}
Rows WorkPass::parameter(std::string_view name) {
  const Size size = size_of(name);
  return {made_++, size.rows, size.columns, Layout::other};  // as large however many tokens
}
Rows WorkPass::layer_norm(Rows x, std::string_view /*name*/, double /*epsilon*/) {
  return same(x);
}
Rows WorkPass::add(Rows x, Rows /*y*/, double /*factor*/) {
  return same(x);
}
Rows WorkPass::multiply(Rows x, Rows /*y*/) {
  return same(x);
}
Rows WorkPass::scale(Rows x, double /*factor*/, double /*shift*/) {
  return same(x);
}
Rows WorkPass::apply(Function /*function*/, Rows x) {
  return same(x);
}
Rows WorkPass::unit_rows(Rows x, double /*smallest*/) {
  return same(x);
}
Rows WorkPass::standardise(Rows x, double /*epsilon*/) {
  return same(x);
}
Rows WorkPass::dropout(Rows x, double /*rate*/, Purpose /*purpose*/, int64_t /*number*/) {
  return x;
}
Rows WorkPass::beside(std::span<const Rows> parts) {
  int64_t width = 0;
  for (const Rows& part : parts) width += part.width;
  return make(parts[0].count, width, parts[0].layout);
}
Rows WorkPass::columns(Rows x, int64_t begin, int64_t end) {
  return make(x.count, end - begin, x.layout);
}
Rows WorkPass::gather(Rows x, Ids ids, Layout layout) {
  return make(std::ssize(ids), x.width, layout);
}
Rows WorkPass::scatter_sum(Rows x, Ids /*ids*/, int64_t count, Layout layout) {
  return make(count, x.width, layout);
}
Rows WorkPass::weigh(Rows x, std::span<const float> /*weights*/) {
  return same(x);
}
Rows WorkPass::segment_sum(Rows x, Offsets offsets, Layout layout) {
  return make(std::ssize(offsets) - 1, x.width, layout);
}
Rows WorkPass::segment_max(Rows x, Offsets offsets, Layout layout) {
  return make(std::ssize(offsets) - 1, x.width, layout);
}
Rows WorkPass::segment_softmax(Rows x, Offsets /*offsets*/) {
  return same(x);
}
Rows WorkPass::running_mean(Rows x, const Wanted& wanted) {
  return wanted_rows(x.width, wanted);
}
Rows WorkPass::windows(Rows x, int64_t length, const Wanted& wanted, const Prefix& /*before*/) {
  const int64_t count = wanted.is_all() ? x.count : std::ssize(wanted.tokens());
  return make(count * length, x.width, Layout::other);
}

}  // namespace truenext::net
