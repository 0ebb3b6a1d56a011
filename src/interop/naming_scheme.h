// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/encoder.h"

namespace truenext {

inline constexpr int64_t kAnyExtent = -1;

/// One tensor under the name and in the shape of another project, made of ours.
struct ForeignTensor {
  std::string name;
  std::vector<int64_t> shape;  ///< an extent may be kAnyExtent where `ours` is empty
  /// End to end; packed projections are made of three. None: known, of no use here; may be missing
  /// and is not written.
  std::vector<std::string> ours;
  bool item_rows = false;        ///< one row per item, see NamingScheme
  int64_t zero_rows = 0;         ///< in front of ours, which stand for padding
  std::string padding_row = {};  ///< ours that is row 0 of an item table; else that row is zero
  std::string last_row = {};     ///< ours that is row n + 1 of an item table, that of a mask
  /// Matrices that it consists of end to end and that ours holds transposed: theirs has `rows`.
  struct Turn {
    int64_t rows = 0, columns = 0;
  };
  Turn turn = {};
};

/// A size that the shape of a tensor tells: extent `extent` less `extra`.
struct SizeProbe {
  std::string_view tensor;
  size_t extent;
  int64_t ModelOptions::*size;
  int64_t extra = 0;
};

/// A number that is told by the numbers in names, "{}" = 0, 1, ... What stands behind them does not
/// matter.
struct CountProbe {
  std::vector<std::string_view> patterns;
  int64_t ModelOptions::*count;
};

/// A setting of section "model", its value as after --set.
struct KeyValue {
  std::string_view key, value;
};

/// A key of section "model" that no tensor tells. It is asked for; where the project has one value
/// in its code that is taken when none is given.
struct AskedKey {
  std::string_view key;
  std::string_view value;  ///< of the project; empty: it must be given
  std::string_view how;    ///< the option that gives it
};

/// How another project names and shapes the weights of one of our networks. Its item tables may
/// have rows that stand for no item (padding, mask): item number r of 1..n has row r.
struct NamingScheme {
  std::string_view name;                ///< e.g. gsasrec
  std::string_view family = {};         ///< a name that also finds this one, see naming_schemes()
  std::string_view network = "sasrec";  ///< ModelOptions::name that it holds
  std::vector<KeyValue> fixed = {};     ///< what else a model must be to be held
  int64_t extra_rows = 0;               ///< of item tables, beyond the n items; row 0 is the first
  std::string_view item_table;
  std::string_view output_table = {};  ///< empty when the project always ties
  std::vector<SizeProbe> sizes = {};
  std::vector<CountProbe> counts = {};
  std::vector<AskedKey> asked = {};
  bool sees_padding = false;  ///< model.padding = "attend"
  /// Of several schemes of a family a file has the first whose `own_tensor` is there and whose
  /// `zero_row` begins with a row of zeros; empty ones ask for nothing.
  std::string_view own_tensor = {}, zero_row = {};
  /// A table that only pretraining moves away from its start, N(0, 0.02^2); empty: there is none.
  std::string_view pretrained_table = {};
  /// In what the project's present code differs from the network that the names are made for; empty
  /// when it does not.
  std::string_view caveat = {};
  /// In the order of the project's own state dict.
  std::vector<ForeignTensor> (*tensors)(const ModelOptions& options, int64_t num_items) = nullptr;
};

/// The scheme of that name, or all of a family with it in front: "s3rec" also finds
/// "s3rec-gru4rec". Usage Error listing the known names when there is none.
std::vector<const NamingScheme*> naming_schemes(std::string_view name);
/// The first of them.
const NamingScheme& naming_scheme(std::string_view name);
std::vector<std::string> naming_scheme_names();

/// Matrices of so many rows and columns, end to end, each transposed.
std::vector<float> turned(const std::vector<float>& values, int64_t rows, int64_t columns);

/// Adds "theirs.weight" [out, in], or [out] where `in` is 0, and "theirs.bias" [out].
void add_pair(std::vector<ForeignTensor>& tensors, const std::string& theirs,
              const std::string& ours, int64_t out, int64_t in = 0);

/// Adds the blocks of a transformer after BERT (S3-Rec's and CSRec's SASRec): those of block b are
/// under `layer` with b in place of {}, in the parts `attention` and `inner`.
void add_post_norm_blocks(std::vector<ForeignTensor>& tensors, const ModelOptions& options,
                          std::string_view layer, const std::string& attention,
                          const std::string& inner);

}  // namespace truenext
