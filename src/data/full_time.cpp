// SPDX-License-Identifier: Apache-2.0
#include "data/full_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace truenext {
namespace {

using Wide = __int128;
using UnsignedWide = unsigned __int128;

constexpr uint64_t kTen18 = FullTime::kFraction;

/// Times in [begin, end) are kept in `ticks` parts of a unit, the first of them as `base`.
struct Band {
  uint64_t begin, end, ticks, base;
};

constexpr std::array<Band, 4> make_bands() {
  std::array<Band, 4> bands{{{0, uint64_t{1} << 32, 1'000'000'000, 0},
                             {0, uint64_t{1} << 42, 100'000, 0},
                             {0, uint64_t{1} << 52, 10, 0},
                             {0, kLargestWhole + 1, 1, 0}}};
  for (size_t i = 1; i < bands.size(); ++i) {
    const Band& before = bands[i - 1];
    bands[i].begin = before.end;
    bands[i].base = before.base + (before.end - before.begin) * before.ticks;
  }
  return bands;
}

constexpr auto kBands = make_bands();
static_assert(kBands[3].base + (kBands[3].end - kBands[3].begin) <=
              uint64_t{std::numeric_limits<int64_t>::max()});

/// A time as a fraction of whole numbers.
struct Ratio {
  Wide numerator;
  uint64_t ticks;
};

Ratio ratio_of(TimeOrder order) {
  const uint64_t size =
      order < 0 ? ~static_cast<uint64_t>(order) + 1 : static_cast<uint64_t>(order);
  const Band* band = &kBands[0];
  for (const Band& next : kBands) {
    if (size >= next.base) band = &next;
  }
  const Wide value = static_cast<Wide>(band->begin) * band->ticks + (size - band->base);
  return {order < 0 ? -value : value, band->ticks};
}

StoredTime floor_of(Wide numerator, Wide denominator, bool& fits) {
  Wide quotient = numerator / denominator;
  const bool rounded = quotient * denominator != numerator;
  if (rounded && numerator < 0) --quotient;
  fits = quotient >= std::numeric_limits<int64_t>::min() &&
         quotient <= std::numeric_limits<int64_t>::max();
  return {static_cast<int64_t>(quotient), rounded};
}

/// `value` as a whole number up to 1e18, 0 when it is none.
uint64_t whole_factor(double value) {
  const double nearest = std::nearbyint(value);
  const bool whole =
      nearest >= 1 && nearest <= 1e18 && std::abs(value - nearest) <= 1e-15 * nearest;
  return whole ? static_cast<uint64_t>(nearest) : 0;
}

UnsignedWide power_of_ten(int exponent) {
  UnsignedWide power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

constexpr int kMostDigits = 36;  // of a mantissa in 128 bits, with room for one more

/// `mantissa` times ten to the power of `exponent`.
DecimalText decimal_of(bool negative, UnsignedWide mantissa, int exponent) {
  DecimalText text{true, true, {negative, 0, 0}};
  for (; exponent > 0 && mantissa != 0 && text.fits; --exponent) {
    mantissa *= 10;
    text.fits = mantissa <= std::numeric_limits<uint64_t>::max();
  }
  for (; exponent < -kMostDigits && mantissa != 0; ++exponent) mantissa /= 10;
  if (mantissa == 0) return {true, true, {}};
  const int digits = std::max(0, -exponent);
  const UnsignedWide unit = power_of_ten(digits);
  const UnsignedWide rest = mantissa % unit;
  text.fits = text.fits && mantissa / unit <= std::numeric_limits<uint64_t>::max();
  text.value.whole = static_cast<uint64_t>(mantissa / unit);
  text.value.fraction = static_cast<uint64_t>(digits <= 18 ? rest * power_of_ten(18 - digits)
                                                           : rest / power_of_ten(digits - 18));
  return text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The exponent behind "e", from `at` to the end; false when there is none.
bool parse_exponent(std::string_view text, int& exponent) {
  const bool negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  int value = 0;
  for (const char c : text) value = std::min(9999, value * 10 + (c - '0'));
  exponent += negative ? -value : value;
  return true;
}

}  // namespace

FullTime FullTime::of_seconds(int64_t seconds, uint64_t fraction) {
  if (seconds >= 0) return {false, static_cast<uint64_t>(seconds), fraction};
  const uint64_t size = ~static_cast<uint64_t>(seconds) + 1;
  if (fraction == 0) return {true, size, 0};
  return {true, size - 1, kTen18 - fraction};
}

DecimalText parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  UnsignedWide mantissa = 0;
  int digits = 0, exponent = 0;
  bool point = false, any = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    any = true;
    const bool taken = digits < kMostDigits;
    if (taken) mantissa = mantissa * 10 + static_cast<unsigned>(text[at] - '0');
    digits += taken && mantissa != 0 ? 1 : 0;
    if (taken == point) exponent += point ? -1 : 1;  // a digit behind the point, or one dropped
  }
  if (!any) return {};
  if (at < text.size()) {
    const bool letter = text[at] == 'e' || text[at] == 'E';
    if (!letter || !parse_exponent(text.substr(at + 1), exponent)) return {};
  }
  return decimal_of(negative, mantissa, exponent);
}

std::optional<TimeOrder> time_order(const FullTime& time) {
  for (const Band& band : kBands) {
    if (time.whole >= band.end) continue;
    const uint64_t size = band.base + (time.whole - band.begin) * band.ticks +
                          time.fraction / (FullTime::kFraction / band.ticks);
    return time.negative ? -static_cast<int64_t>(size) : static_cast<int64_t>(size);
  }
  return std::nullopt;
}

std::optional<StoredTime> stored_time(TimeOrder order, double scale) {
  if (order == kUndated) return StoredTime{-1, false};
  if (scale == 1 && order >= 0 && order < static_cast<TimeOrder>(kBands[1].base)) {
    const auto unit = static_cast<TimeOrder>(kBands[0].ticks);  // most times; no wide division
    return StoredTime{order / unit, order % unit != 0};
  }
  const auto [numerator, ticks] = ratio_of(order);
  bool fits = true;
  StoredTime stored;
  if (const uint64_t factor = whole_factor(scale); factor > 0) {
    stored = floor_of(numerator * factor, ticks, fits);
  } else if (const uint64_t divisor = whole_factor(1 / scale); divisor > 0) {
    stored = floor_of(numerator, static_cast<Wide>(ticks) * divisor, fits);
  } else {
    // Scales that are not exact in binary: what their rounding explains counts as whole.
    const double scaled = static_cast<double>(static_cast<long double>(numerator) / ticks * scale);
    const double nearest = std::nearbyint(scaled);
    const bool whole = std::abs(scaled - nearest) <=
                       1e-6 + 4 * std::numeric_limits<double>::epsilon() * std::abs(scaled);
    fits = std::abs(scaled) < 9.2e18;
    if (fits) stored = {static_cast<int64_t>(whole ? nearest : std::floor(scaled)), !whole};
  }
  if (!fits) return std::nullopt;
  return stored;
}

}  // namespace truenext
