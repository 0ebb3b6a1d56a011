// SPDX-License-Identifier: Apache-2.0
// NextItNet (Yuan et al., WSDM 2019) as in CSRec's baselines: residual blocks of two causal
// convolutions, the second twice as far apart,
//     y = relu(LN(conv_d(x))),   x <- x + relu(LN(conv_2d(y))),
// and one linear map.
#include <fmt/format.h>

#include "base/error.h"
#include "net/network.h"
#include "net/network_parts.h"

namespace truenext {
namespace {

using net::Function;
using net::Ops;
using net::Rows;
using net::Wanted;

constexpr double kEpsilon = 1e-8;

void check(ModelOptions& options) {
  net::check_no_positions(options);
  check_usage(!options.dilations.empty(),
              "model.dilations: the list is empty, want at least one, e.g. [1, 4]");
}

std::string part_name(int64_t block, const char* part, int number) {
  return fmt::format("blocks.{}.{}{}", block, part, number);
}

std::vector<TensorInfo> tensors(const ModelOptions& options, int64_t num_items) {
  const int64_t d = options.hidden_size;
  std::vector<TensorInfo> list;
  net::add_item_tables(options, num_items, list);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    for (const int number : {1, 2}) {
      add_linear(list, part_name(b, "conv", number), d, options.kernel_size * d);
      add_norm(list, part_name(b, "norm", number), d);
    }
  }
  add_linear(list, "dense", d, d);
  return list;
}

/// The original's left padding, which is alive: a sequence of its own, as long as it can be, at the
/// end of which a history begins.
class Padding {
 public:
  Padding(Ops& ops, const ModelOptions& options) : ops_(ops) {
    const int64_t steps = options.max_length - 1;
    if (options.padding == PaddingUse::none || steps == 0) return;
    offsets_ = {0, steps};
    rows_ = ops.gather(ops.parameter(kPaddingVector), net::Ids(static_cast<size_t>(steps), 0));
    for (int64_t s = 0; s < ops.input().sequences(); ++s) {
      const int64_t own = ops.input().offsets[s + 1] - ops.input().offsets[s];
      ends_.push_back(static_cast<int32_t>(options.max_length - own));
    }
  }

  bool exists() const { return rows_.exists(); }
  const Rows& rows() const { return rows_; }
  void set(Rows rows) { rows_ = rows; }
  net::Prefix before() const { return exists() ? net::Prefix{rows_, ends_} : net::Prefix{}; }
  Rows conv(Rows x, const net::ConvCall& call) { return ops_.conv_over(x, offsets_, call); }

 private:
  Ops& ops_;
  net::Offsets offsets_;
  net::Ids ends_;
  Rows rows_;
};

Rows norm_relu(Ops& ops, Rows x, const std::string& norm) {
  return ops.apply(Function::relu, ops.layer_norm(x, norm, kEpsilon));
}

Rows run(Ops& ops, const ModelOptions& options) {
  Rows x = net::item_vectors(ops);
  x = ops.dropout(x, options.dropout, Purpose::dropout_embedding, 0);
  Padding padding(ops, options);
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const int64_t dilation = options.dilations[b % std::ssize(options.dilations)];
    const bool last = b + 1 == options.num_blocks;
    Rows y = x;
    const Rows padded = padding.rows();
    for (const int number : {1, 2}) {
      const std::string name = part_name(b, "conv", number), norm = part_name(b, "norm", number);
      net::ConvCall call{name, options.kernel_size, number * dilation};
      const net::ConvCall alone = call;
      call.before = padding.before();
      const bool only_wanted = last && number == 2;
      y = norm_relu(ops, ops.conv(y, call, only_wanted ? ops.wanted() : Wanted::all()), norm);
      // Behind the last convolution nothing looks back any more.
      if (!padding.exists() || only_wanted) continue;
      padding.set(norm_relu(ops, padding.conv(padding.rows(), alone), norm));
    }
    x = ops.add(last ? ops.pick(x) : x, y);
    if (padding.exists() && !last) padding.set(ops.add(padded, padding.rows()));
  }
  return ops.linear(x, "dense");
}

/// As in CSRec: tables and every weight, no bias.
bool penalises(const TensorInfo& tensor) {
  return tensor.is_table() || tensor.name.ends_with(".weight");
}

std::string describe(const ModelOptions& options) {
  int64_t seen = 1;
  for (int64_t b = 0; b < options.num_blocks; ++b) {
    const int64_t dilation = options.dilations[b % std::ssize(options.dilations)];
    seen += 3 * dilation * (options.kernel_size - 1);
  }
  return fmt::format("{} blocks of two convolutions, which see {} items", options.num_blocks, seen);
}

}  // namespace

extern const NetworkInfo nextitnet_network;
const NetworkInfo nextitnet_network{
    .name = "nextitnet",
    .summary = "dilated causal convolutions (NextItNet)",
    .check = &check,
    .tensors = &tensors,
    .run = &run,
    .penalises = &penalises,
    .describe = &describe,
    .keys = {"num_blocks", "kernel_size", "dilations"},
    .examples = {"", "tie_embeddings=true dilations=[1,3] kernel_size=2",
                 "tie_embeddings=true dilations=[1] padding=attend"}};

}  // namespace truenext
