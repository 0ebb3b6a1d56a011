// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace truenext::test {

/// Built with the address sanitizer, which makes tests many times slower: those of many sizes leave
/// out the largest.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

/// Entries of a tensor that a gradient is compared with finite differences at.
inline constexpr std::size_t kEntries = kSanitized ? 2 : 12;

}  // namespace truenext::test
