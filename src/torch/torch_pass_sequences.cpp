// SPDX-License-Identifier: Apache-2.0
// Operations of TorchPass over whole sequences: running mean, recurrence, attention and the
// transformer block. They pad (PaddedRows), and pick the wanted rows of what comes out.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cassert>
#include <string>

#include "torch/tensors.h"
#include "torch/torch_pass.h"

namespace truenext::net {
namespace {

at::Tensor unpad(const PaddedRows& form, const at::Tensor& padded, const Wanted& wanted) {
  return wanted.is_all() ? form.unpad(padded) : form.unpad(padded, wanted.tokens());
}

/// Of the wanted tokens.
std::vector<int64_t> times_of(std::span<const int64_t> all, const Wanted& wanted) {
  if (wanted.is_all()) return {all.begin(), all.end()};
  std::vector<int64_t> some;
  for (const int32_t token : wanted.tokens()) some.push_back(all[token]);
  return some;
}

}  // namespace

const PaddedRows& TorchPass::padded_tokens() {
  if (!padded_tokens_) padded_tokens_.emplace(input().offsets, 0, device());
  return *padded_tokens_;
}

const PaddedAttention& TorchPass::attention_over(const Wanted& wanted, bool causal,
                                                 int64_t window) {
  if (!wanted.is_all()) {
    return attention_of_some_.emplace(input(), wanted, causal, window, device());
  }
  return attentions_.try_emplace({causal, window}, input(), wanted, causal, window, device())
      .first->second;
}

// The scan runs down the rows of the padded form, where LibTorch's has a fixed order.
Rows TorchPass::running_mean(Rows x, const Wanted& wanted) {
  assert(x.count == input().tokens());
  const PaddedRows& form = padded_tokens();
  const at::Tensor sums = form.pad(values(x)).cumsum(1);
  const at::Tensor counts = at::arange(1, form.length() + 1, sums.options());
  return put(unpad(form, sums / counts.unsqueeze(1), wanted), layout_of(wanted));
}

/// Padded states of packed x [rows, in]: [sequences, length, H].
at::Tensor TorchPass::run_gru(const at::Tensor& x, const PaddedRows& form, const GruCall& call) {
  std::vector<at::Tensor> weights = {weight(call.name, "input_weight"),
                                     weight(call.name, "hidden_weight")};
  if (call.bias) {
    weights.push_back(weight(call.name, "input_bias"));
    weights.push_back(weight(call.name, "hidden_bias"));
  }
  const int64_t hidden = weights[1].size(1);
  const at::Tensor padded = form.pad(x);
  if (padded.numel() == 0) return padded.new_zeros({form.sequences(), form.length(), hidden});
  const at::Tensor start =
      call.start.exists() ? values(call.start) : zeros(form.sequences(), hidden);
  return std::get<0>(at::gru(padded, start.unsqueeze(0), weights, call.bias, /*num_layers=*/1,
                             /*dropout=*/0.0, purpose_.training, /*bidirectional=*/false,
                             /*batch_first=*/true));
}

Rows TorchPass::gru(Rows x, const GruCall& call, const Wanted& wanted) {
  assert(x.count == input().tokens());
  const PaddedRows& form = padded_tokens();
  return put(unpad(form, run_gru(values(x), form, call), wanted), layout_of(wanted));
}

Rows TorchPass::gru_over(Rows x, const Offsets& offsets, const GruCall& call) {
  assert(offsets.back() == x.count);
  const PaddedRows form(offsets, 0, device());
  return put(form.unpad(run_gru(values(x), form, call)), x.layout);
}

Rows TorchPass::attention(Rows q, Rows k, Rows v, const AttentionCall& call, const Wanted& wanted) {
  assert(k.count == input().tokens() && v.count == k.count);
  const PaddedAttention& form = attention_over(wanted, call.causal, 0);
  AttentionRule rule;
  rule.heads = call.heads;
  rule.score_scale = static_cast<float>(call.score_scale);
  rule.weights = call.weights;
  rule.weight_scale = static_cast<float>(call.weight_scale);
  rule.dropout = purpose_.training ? call.dropout : 0;
  if (!call.distance_bias.empty()) {
    rule.terms.push_back(form.distance_term(weight(call.distance_bias), call.distance_origin));
  }
  add_times(call.time_term(), wanted, form, rule);
  return put(form.run({values(q), values(k), values(v), {}, {}}, rule), layout_of(wanted));
}

void TorchPass::add_times(const TimeTerm& term, const Wanted& wanted, const PaddedAttention& form,
                          AttentionRule& rule) {
  if (term.bias.empty()) return;
  const bool past = term.query_time == QueryTime::past;
  const auto asked = times_of(past ? input().times : input().query_times, wanted);
  rule.terms.push_back(form.time_term(weight(term.bias), term.bucket_width, asked, input().times));
}

/// A(source, x) of a block (net/block_style.h), [wanted, dim].
at::Tensor TorchPass::attend(const at::Tensor& source, const at::Tensor& x, const BlockCall& call,
                             const Wanted& wanted) {
  const std::string name(call.name);
  const PaddedAttention& form = attention_over(wanted, call.causal, call.padded_length);
  AttentionRows rows;
  rows.q = map(source, name + "query");
  rows.k = map(x, name + "key");
  rows.v = map(x, name + "value");
  if (call.padded_length > 0) {  // a padded row is zero: what is left is the bias
    rows.pad_key = weight(name, "key.bias");
    rows.pad_value = weight(name, "value.bias");
  }
  AttentionRule rule;
  rule.heads = call.heads;
  rule.dropout = purpose_.training ? call.attention_dropout : 0;
  if (!call.distance_bias.empty()) {
    rule.terms.push_back(form.distance_term(weight(call.distance_bias), call.distance_origin));
  }
  add_times(call.time_term(), wanted, form, rule);
  const at::Tensor attended = form.run(rows, rule);
  return call.style->output_projection ? map(attended, name + "output") : attended;
}

/// dropout(F(y)) of a block, without the residual.
at::Tensor TorchPass::feed_forward(const at::Tensor& y, const BlockCall& call) {
  const std::string name(call.name);
  const at::Tensor wide = map(y, name + "ffn1");
  const bool gelu = call.style->activation == kernels::Activation::gelu;
  at::Tensor inner = gelu ? at::gelu(wide) : at::relu(wide);
  if (!call.style->post_norm) inner = drop(inner, call.dropout);
  return drop(map(inner, name + "ffn2"), call.dropout);
}

Rows TorchPass::block(Rows x, const BlockCall& call, const Wanted& wanted) {
  assert(x.count == input().tokens());
  const std::string name(call.name);
  const double epsilon = call.style->epsilon;
  const at::Tensor& all = values(x);
  const at::Tensor some =
      wanted.is_all() ? all : all.index_select(0, to_device(wanted.tokens(), device()));
  at::Tensor z;
  if (call.style->post_norm) {
    const at::Tensor y = norm(some + drop(attend(some, all, call, wanted), call.dropout),
                              name + "attention_norm", epsilon);
    z = norm(y + feed_forward(y, call), name + "ffn_norm", epsilon);
  } else {
    const at::Tensor source = norm(some, name + "attention_norm", epsilon);
    const at::Tensor y =
        norm(source + attend(source, all, call, wanted), name + "ffn_norm", epsilon);
    z = y + feed_forward(y, call);
  }
  return put(z, layout_of(wanted));
}

}  // namespace truenext::net
