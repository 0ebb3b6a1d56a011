// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace truenext {

/// A value made by the machine below. It owns nothing but its text and a list of borrowed values;
/// all values live as long as the machine, so sharing, cycles and depth are harmless.
struct PickleValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    tuple,
    list,
    dict,
    global,
    storage,
    tensor
  };

  Kind kind = Kind::none;                 ///< the number of a real is of no use and not kept
  int64_t integer = 0;                    ///< boolean, integer; storage: number of elements
  std::string text;                       ///< text; global: "module name"; storage: its key
  std::vector<const PickleValue*> items;  ///< dict: key, value, key, value, ...
                                          ///< tensor: storage, offset, shape, strides
};

const char* pickle_kind_name(PickleValue::Kind kind);

/// Reads the pickle of a PyTorch state dict without being able to do anything else: the
/// thirty-one operations that such a pickle consists of, three known globals, and no calls. A
/// global is a name here; the two that stand for functions only describe a tensor or an empty dict.
/// Everything else is a data Error that names what was refused and where. Numbers of operations and
/// values are bounded, so a small file cannot ask for much memory.
class PickleMachine {
 public:
  /// Reads from byte `begin` on. `bytes` is borrowed; `where` begins every message.
  PickleMachine(std::span<const std::byte> bytes, std::string where, size_t begin = 0);

  /// Runs from the present position to the next STOP and returns the value left on the stack.
  const PickleValue& load();
  /// Every storage that was spoken of so far, used or not.
  std::vector<const PickleValue*> storages() const;
  /// Where the next value begins.
  size_t position() const { return position_; }

 private:
  using Kind = PickleValue::Kind;

  void step(uint8_t operation);
  bool step_data(uint8_t operation);
  bool step_memo(uint8_t operation);
  bool step_container(uint8_t operation);

  std::string_view take(size_t count);
  template <typename T>
  T take_number();
  std::string_view take_line();

  PickleValue& make(Kind kind);
  void push(const PickleValue& value);
  const PickleValue& pop();
  std::vector<const PickleValue*> pop_to_mark();
  PickleValue& top(Kind kind, const char* operation);
  void push_integer(int64_t value);
  void push_long();
  void push_global();
  void push_tuple(size_t count);
  void push_storage();
  void add_pairs(const std::vector<const PickleValue*>& items);
  void reduce();
  void describe_tensor(const PickleValue& arguments);
  void remember(uint32_t slot);
  void recall(uint32_t slot);
  [[noreturn]] void refuse(const std::string& what) const;

  std::span<const std::byte> bytes_;
  std::string where_;
  size_t position_;
  size_t operations_ = 0;
  std::deque<PickleValue> values_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleValue*> memo_;
};

}  // namespace truenext
