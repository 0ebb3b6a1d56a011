// SPDX-License-Identifier: Apache-2.0
// The entries of recurrent operations, blocks and attention.
#include "net/block_pass.h"
#include "net/operation_list.h"

namespace truenext::net::testing {
namespace {

double running_mean_of(const Naive& n) {
  const int64_t token = n.token(), first = n.tile.first(token);
  double sum = 0;
  for (int64_t i = first; i <= token; ++i) sum += n.at("x", i, n.column);
  return sum / static_cast<double>(token - first + 1);
}

constexpr int64_t kHidden = 5, kStarts = 4;

std::vector<TensorInfo> gru_tensors(const Tile& tile, bool bias, bool start) {
  std::vector<TensorInfo> infos{of_tokens("x", tile),
                                dense("gru.input_weight", 3 * kHidden, tile.width),
                                dense("gru.hidden_weight", 3 * kHidden, kHidden)};
  if (bias) infos.push_back({"gru.input_bias", {3 * kHidden}});
  if (bias) infos.push_back({"gru.hidden_bias", {3 * kHidden}});
  if (start) infos.push_back(dense("start", kStarts, kHidden));
  return infos;
}

Operation gru_entry(const char* name, bool bias, bool start) {
  return {name, [=](const Tile& tile) { return gru_tensors(tile, bias, start); },
          [=](Ops& ops, const Tile& tile) {
            GruCall call{"gru.", bias};
            Ids starts;
            for (const uint64_t stream : tile.streams) {
              starts.push_back(static_cast<int32_t>(stream % kStarts));
            }
            if (start) call.start = ops.gather(ops.parameter("start"), starts);
            return ops.gru(token_rows(ops, "x"), call, ops.wanted());
          }};
}

int64_t heads_of(const Tile& tile, bool many) {
  return many ? tile.width : 1;
}

std::vector<TensorInfo> block_tensors(const Tile& tile, const BlockStyle& style) {
  const int64_t d = tile.width, inner = d + 2;
  std::vector<TensorInfo> infos{of_tokens("x", tile)};
  for (const char* norm : {"attention_norm", "ffn_norm"})
    add_norm(infos, std::string("b.") + norm, d);
  for (const char* part : {"query", "key", "value"})
    add_linear(infos, std::string("b.") + part, d, d);
  if (style.output_projection) add_linear(infos, "b.output", d, d);
  add_linear(infos, "b.ffn1", inner, d);
  add_linear(infos, "b.ffn2", d, inner);
  return infos;
}

struct BlockKind {
  const char *name, *style;
  bool causal = true, padded = false;
  double dropout = 0, attention_dropout = 0;
  bool distances = false;  ///< fewer than the longest sequence has, later ones too
};

Operation block_entry(const BlockKind& kind) {
  const BlockStyle& style = block_style(kind.style);
  return {kind.name,
          [&style, kind](const Tile& tile) {
            std::vector<TensorInfo> infos = block_tensors(tile, style);
            if (kind.distances) infos.push_back(dense("b.distance_bias", 1, 6));
            return infos;
          },
          [&style, kind](Ops& ops, const Tile& tile) {
            BlockCall call{"b.", &style, heads_of(tile, kind.causal), tile.width + 2, kind.causal};
            call.padded_length = kind.padded ? 50 : 0;
            call.dropout = kind.dropout;
            call.attention_dropout = kind.attention_dropout;
            if (kind.distances) call.distance_bias = "b.distance_bias";
            call.distance_origin = kind.causal ? 0 : 2;
            return ops.block(token_rows(ops, "x"), call, ops.wanted());
          },
          nullptr,
          true,
          5e-5,
          2};  // a norm of one column magnifies rounding 1 / epsilon times
}

struct AttentionKind {
  const char* name;
  AttentionCall call;
  bool many_heads = false;  ///< of width 1
  bool terms_by_head = false;
};

std::vector<TensorInfo> attention_tensors(const Tile& tile, const AttentionKind& kind) {
  const int64_t rows = kind.terms_by_head ? heads_of(tile, kind.many_heads) : 1;
  std::vector<TensorInfo> infos{of_tokens("x", tile), of_tokens("k", tile), of_tokens("v", tile)};
  if (!kind.call.distance_bias.empty()) infos.push_back(dense("distance", rows, 6));
  if (!kind.call.time_bias.empty()) infos.push_back(dense("time", rows, 9));
  return infos;
}

double score_of(const Naive& n, const AttentionKind& kind, int64_t head, int64_t key) {
  const int64_t heads = heads_of(n.tile, kind.many_heads), width = n.tile.width / heads;
  const double scale = kind.call.score_scale != 0
                           ? static_cast<double>(static_cast<float>(kind.call.score_scale))
                           : 1 / std::sqrt(static_cast<double>(width));
  const int64_t row = kind.terms_by_head ? head : 0, query = n.token();
  double score = 0;
  for (int64_t c = head * width; c < (head + 1) * width; ++c) {
    score += scale * n.at("x", query, c) * n.at("k", key, c);
  }
  if (!kind.call.distance_bias.empty()) {
    const int64_t distance = query - key + kind.call.distance_origin;
    score += n.at("distance", row, std::clamp<int64_t>(distance, 0, 5));
  }
  if (!kind.call.time_bias.empty()) {
    const bool past = kind.call.query_time == QueryTime::past;
    const int64_t time = past ? n.tile.times[query] : n.tile.query_times[query];
    const auto gap = static_cast<double>(std::abs(time - n.tile.times[key]));
    const double bucket = std::floor(std::log(std::max(1.0, gap)) / kind.call.bucket_width);
    score += n.at("time", row, static_cast<int64_t>(std::min(bucket, 8.0)));
  }
  return score;
}

double attention_of(const Naive& n, const AttentionKind& kind) {
  const int64_t heads = heads_of(n.tile, kind.many_heads);
  const int64_t head = n.column / (n.tile.width / heads), s = n.tile.sequence(n.token());
  const int64_t end = kind.call.causal ? n.token() + 1 : n.tile.offsets[s + 1];
  const bool softmax = kind.call.weights == AttentionWeights::softmax;
  double total = 0, sum = 0;
  for (int64_t key = n.tile.offsets[s]; key < end; ++key) {
    const double score = score_of(n, kind, head, key);
    const double weight = softmax
                              ? std::exp(score)
                              : score / (1 + std::exp(-score)) *
                                    static_cast<double>(static_cast<float>(kind.call.weight_scale));
    total += weight;
    sum += weight * n.at("v", key, n.column);
  }
  return softmax ? sum / total : sum;
}

Operation attention_entry(const AttentionKind& kind) {
  Operation entry{kind.name, [=](const Tile& tile) { return attention_tensors(tile, kind); },
                  [=](Ops& ops, const Tile& tile) {
                    AttentionCall call = kind.call;
                    call.heads = heads_of(tile, kind.many_heads);
                    const Rows q = ops.pick(token_rows(ops, "x"));
                    return ops.attention(q, token_rows(ops, "k"), token_rows(ops, "v"), call,
                                         ops.wanted());
                  }};
  if (kind.call.dropout == 0) entry.naive = [=](const Naive& n) { return attention_of(n, kind); };
  return entry;
}

std::vector<Operation> attention_entries() {
  AttentionCall plain, bidirectional, silu, timed, dropped;
  bidirectional.causal = false;
  bidirectional.score_scale = 0.3;
  bidirectional.distance_bias = "distance";
  bidirectional.distance_origin = 3;
  silu.weights = AttentionWeights::silu;
  silu.weight_scale = 0.2;
  silu.score_scale = 1;
  silu.distance_bias = "distance";
  silu.time_bias = "time";
  silu.bucket_width = 1;
  silu.query_time = QueryTime::request;
  timed.time_bias = "time";
  dropped.dropout = 0.4;
  dropped.number = 3;
  return {attention_entry({"attention", plain}),
          attention_entry({"attention_of_heads", plain, true}),
          attention_entry({"attention_both_ways", bidirectional, true, true}),
          attention_entry({"attention_silu", silu}),
          attention_entry({"attention_silu_terms_by_head", silu, true, true}),
          attention_entry({"attention_by_time", timed}),
          attention_entry({"attention_dropped", dropped, true}),
          {"attention_to_itself", only_x, [](Ops& ops, const Tile&) {
             const Rows x = token_rows(ops, "x");
             return ops.attention(ops.pick(x), x, x, {}, ops.wanted());
           }}};
}

}  // namespace

std::vector<Operation> sequence_operations() {
  std::vector<Operation> list = attention_entries();
  const std::vector<Operation> more = {
      {"running_mean", only_x,
       [](Ops& ops, const Tile&) { return ops.running_mean(token_rows(ops, "x"), ops.wanted()); },
       running_mean_of},
      gru_entry("gru", false, false),
      gru_entry("gru_with_biases", true, false),
      gru_entry("gru_with_start", false, true),
      {"gru_over", [](const Tile& tile) { return gru_tensors(tile, true, false); },
       [](Ops& ops, const Tile& tile) {
         const Offsets halves{0, tile.tokens() / 2, tile.tokens()};
         return ops.gru_over(token_rows(ops, "x"), halves, {"gru.", true});
       },
       nullptr, false},
      block_entry({"block_gsasrec", "gsasrec"}),
      block_entry({"block_pmixer_padded", "pmixer", true, true}),
      block_entry({"block_post_norm_both_ways", "post-norm", false}),
      block_entry({"block_csrec_dropped", "csrec", true, false, 0.3, 0.3}),
      block_entry({"block_csrec_rows_dropped", "csrec", true, false, 0.3}),
      block_entry({"block_gsasrec_attention_dropped", "gsasrec", true, false, 0, 0.4}),
      block_entry({"block_gsasrec_by_distance_dropped", "gsasrec", true, false, 0.2, 0.2, true}),
      block_entry({"block_post_norm_by_distance", "post-norm", false, false, 0, 0, true}),
  };
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

}  // namespace truenext::net::testing
