// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <cmath>
#include <numbers>
#include <utility>

namespace truenext {
namespace {

uint64_t mix(uint64_t x) {  // finaliser of splitmix64
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

}  // namespace

PhiloxCounter philox(PhiloxCounter c, PhiloxKey k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

PhiloxKey random_key(uint64_t seed, Purpose purpose, uint64_t a, uint64_t b) {
  uint64_t h = mix(seed);
  h = mix(h ^ static_cast<uint64_t>(purpose));
  h = mix(h ^ a);
  h = mix(h ^ b);
  return {static_cast<uint32_t>(h), static_cast<uint32_t>(h >> 32)};
}

RandomStream::RandomStream(PhiloxKey key, uint64_t stream)
    : key_(key),
      counter_{0, 0, static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)} {}

uint32_t RandomStream::next() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[used_++];
}

uint64_t RandomStream::next64() {
  const uint64_t low = next();
  return low | (uint64_t{next()} << 32);
}

double RandomStream::uniform() {
  return static_cast<double>(next64() >> 11) * 0x1.0p-53;
}

uint32_t RandomStream::below(uint32_t n) {
  uint64_t product = uint64_t{next()} * n;
  if (static_cast<uint32_t>(product) < n) {
    const uint32_t threshold = (0u - n) % n;
    while (static_cast<uint32_t>(product) < threshold) product = uint64_t{next()} * n;
  }
  return static_cast<uint32_t>(product >> 32);
}

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

void shuffled_indices(PhiloxKey key, uint32_t* out, uint32_t n) {
  for (uint32_t i = 0; i < n; ++i) out[i] = i;
  RandomStream random(key);
  for (uint32_t i = n; i > 1; --i) std::swap(out[i - 1], out[random.below(i)]);
}

}  // namespace truenext
