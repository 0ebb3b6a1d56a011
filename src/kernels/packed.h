// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace truenext::kernels {

/// A matrix B [k, n] rearranged once for several products with it: panels of the columns that a
/// product keeps in registers, one after the other. It may also stand for B where it lies. Whoever
/// owns the memory keeps it until the last product.
struct PackedMatrix {
  const float* data = nullptr;
  int64_t row = 0;    ///< elements from a row of a panel to the next
  int64_t panel = 0;  ///< elements from a panel to the next
};

/// Floats that packing B [k, n] needs.
int64_t packed_size(int64_t k, int64_t n);
/// Columns that are whole vectors are not packed, B is used where it lies (measured: the same speed
/// or better, and nothing to write).
PackedMatrix pack_n(int64_t k, int64_t n, const float* b, int64_t ldb, float* memory);
/// B from B^T stored as [n, k], which is always packed.
PackedMatrix pack_t(int64_t k, int64_t n, const float* b, int64_t ldb, float* memory);

/// C[m, n] = A[m, k] . B, of which k rows and n columns are used. An element of C is one chain of
/// fused multiply-adds in the order of k, so zeros at the end of a row of A change no bit.
void packed_nn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const PackedMatrix& b,
               float* c, int64_t ldc);
/// C[m, n] = A[k, m]^T . B from row `first` on.
void packed_tn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const PackedMatrix& b,
               int64_t first, float* c, int64_t ldc);

}  // namespace truenext::kernels
