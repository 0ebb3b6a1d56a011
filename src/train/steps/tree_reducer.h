// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace truenext {

/// Sums the values of leaves 0..n-1 along a fixed binary tree over their numbers: node (level, i)
/// is node (level-1, 2i) plus node (level-1, 2i+1), a missing right child adds nothing. Whoever
/// delivers the second child adds, so the work is spread and at most a few partial sums wait, but
/// the order of additions, and with it every bit of the result, never depends on who was faster. A
/// process that owns an aligned power-of-two range of leaves computes a whole subtree.
template <typename T>
class TreeReducer {
 public:
  using Add = std::function<void(T& left, T&& right)>;

  TreeReducer(int64_t leaves, Add add) : leaves_(leaves), add_(std::move(add)) {}

  /// Thread-safe; each leaf exactly once.
  void deliver(int64_t leaf, T value) {
    int64_t index = leaf;
    for (int level = 0;; ++level, index /= 2) {
      const int64_t nodes = nodes_at(level);
      if (nodes == 1) {
        const std::lock_guard lock(mutex_);
        root_ = std::move(value);
        return;
      }
      const int64_t sibling = index ^ 1;
      if (sibling >= nodes) continue;  // no right child: the sum moves up as it is
      std::optional<T> other = exchange({level, index}, value, {level, sibling});
      if (!other) return;
      if (sibling < index) std::swap(value, *other);
      add_(value, std::move(*other));
    }
  }

  /// The total, once every leaf was delivered.
  T take() { return std::move(*root_); }

 private:
  using Node = std::pair<int, int64_t>;

  int64_t nodes_at(int level) const { return (leaves_ + (int64_t{1} << level) - 1) >> level; }

  /// Takes the sibling's sum when it is there, else leaves `value` for it.
  std::optional<T> exchange(Node node, T& value, Node sibling) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(sibling);
    if (found == waiting_.end()) {
      waiting_.emplace(node, std::move(value));
      return std::nullopt;
    }
    std::optional<T> other = std::move(found->second);
    waiting_.erase(found);
    return other;
  }

  int64_t leaves_;
  Add add_;
  std::mutex mutex_;
  std::map<Node, T> waiting_;
  std::optional<T> root_;
};

}  // namespace truenext
