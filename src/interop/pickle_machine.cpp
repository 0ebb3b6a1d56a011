// SPDX-License-Identifier: Apache-2.0
// Operations: CPython's Lib/pickletools.py describes them; torch.save writes protocol 2.
#include "interop/pickle_machine.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kMaxOperations = size_t{1} << 22;
constexpr size_t kMaxValues = size_t{1} << 20;

}  // namespace

PickleMachine::PickleMachine(std::span<const std::byte> bytes, std::string where, size_t begin)
    : bytes_(bytes), where_(std::move(where)), position_(begin) {}

const PickleValue& PickleMachine::load() {
  constexpr uint8_t kStop = '.';
  stack_.clear();
  marks_.clear();
  memo_.clear();
  while (true) {
    const uint8_t operation = take_number<uint8_t>();
    if (++operations_ > kMaxOperations) refuse("more operations than a state dict needs");
    if (operation == kStop) break;
    step(operation);
  }
  if (stack_.size() != 1 || !marks_.empty()) refuse("the end, with values left over or none");
  return *stack_.back();
}

std::vector<const PickleValue*> PickleMachine::storages() const {
  std::vector<const PickleValue*> found;
  for (const PickleValue& value : values_) {
    if (value.kind == Kind::storage) found.push_back(&value);
  }
  return found;
}

void PickleMachine::step(uint8_t operation) {
  if (step_data(operation) || step_memo(operation) || step_container(operation)) return;
  refuse(fmt::format("operation 0x{:02x}, which no state dict needs", operation));
}

bool PickleMachine::step_data(uint8_t operation) {
  switch (operation) {
    case 0x80: {  // PROTO
      const int protocol = take_number<uint8_t>();
      if (protocol != 2) refuse(fmt::format("pickle protocol {}; torch.save writes 2", protocol));
      return true;
    }
    case 'N':
      push(make(Kind::none));
      return true;
    case 0x88:
    case 0x89: {  // NEWTRUE, NEWFALSE
      PickleValue& value = make(Kind::boolean);
      value.integer = operation == 0x88 ? 1 : 0;
      push(value);
      return true;
    }
    case 'J':
      push_integer(take_number<int32_t>());
      return true;  // BININT
    case 'K':
      push_integer(take_number<uint8_t>());
      return true;  // BININT1
    case 'M':
      push_integer(take_number<uint16_t>());
      return true;  // BININT2
    case 0x8a:
      push_long();
      return true;  // LONG1
    case 'G':
      take_number<uint64_t>();
      push(make(Kind::real));
      return true;  // BINFLOAT
    case 'X': {     // BINUNICODE
      PickleValue& value = make(Kind::text);
      value.text = take(take_number<uint32_t>());
      push(value);
      return true;
    }
    case 'c':
      push_global();
      return true;
    case 'Q':
      push_storage();
      return true;  // BINPERSID
    default:
      return false;
  }
}

bool PickleMachine::step_memo(uint8_t operation) {
  switch (operation) {
    case 'q':
      remember(take_number<uint8_t>());
      return true;  // BINPUT
    case 'r':
      remember(take_number<uint32_t>());
      return true;  // LONG_BINPUT
    case 'h':
      recall(take_number<uint8_t>());
      return true;  // BINGET
    case 'j':
      recall(take_number<uint32_t>());
      return true;  // LONG_BINGET
    default:
      return false;
  }
}

bool PickleMachine::step_container(uint8_t operation) {
  switch (operation) {
    case '(':
      marks_.push_back(stack_.size());
      return true;  // MARK
    case '}':
      push(make(Kind::dict));
      return true;
    case ']':
      push(make(Kind::list));
      return true;
    case ')':
      push_tuple(0);
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      push_tuple(operation - 0x84u);
      return true;  // TUPLE1 to TUPLE3
    case 't': {     // TUPLE
      std::vector<const PickleValue*> items = pop_to_mark();
      PickleValue& tuple = make(Kind::tuple);
      tuple.items = std::move(items);
      push(tuple);
      return true;
    }
    case 'a': {  // APPEND
      const PickleValue& item = pop();
      top(Kind::list, "APPEND").items.push_back(&item);
      return true;
    }
    case 'e': {  // APPENDS
      const std::vector<const PickleValue*> items = pop_to_mark();
      std::vector<const PickleValue*>& list = top(Kind::list, "APPENDS").items;
      list.insert(list.end(), items.begin(), items.end());
      return true;
    }
    case 's': {  // SETITEM
      const PickleValue& value = pop();
      const PickleValue& key = pop();
      add_pairs({&key, &value});
      return true;
    }
    case 'u':
      add_pairs(pop_to_mark());
      return true;  // SETITEMS
    case 'R':
      reduce();
      return true;
    case 'b':  // BUILD: attributes of the dict (`_metadata`), of no use here
      pop();
      top(Kind::dict, "BUILD");
      return true;
    default:
      return false;
  }
}

std::string_view PickleMachine::take(size_t count) {
  if (count > bytes_.size() - position_) {
    refuse(fmt::format("{} more bytes wanted, {} left: the file is cut or damaged", count,
                       bytes_.size() - position_));
  }
  const char* begin = reinterpret_cast<const char*>(bytes_.data()) + position_;
  position_ += count;
  return {begin, count};
}

template <typename T>
T PickleMachine::take_number() {
  T value;
  std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
  return value;
}

std::string_view PickleMachine::take_line() {
  constexpr size_t kMaxName = 256;
  const char* begin = reinterpret_cast<const char*>(bytes_.data()) + position_;
  const size_t searched = std::min(kMaxName, bytes_.size() - position_);
  const size_t end = std::string_view(begin, searched).find('\n');
  if (end == std::string_view::npos) refuse("a global's name without an end");
  return take(end + 1).substr(0, end);
}

PickleValue& PickleMachine::make(Kind kind) {
  if (values_.size() == kMaxValues) refuse("more values than a state dict needs");
  PickleValue& value = values_.emplace_back();
  value.kind = kind;
  return value;
}

void PickleMachine::push(const PickleValue& value) {
  stack_.push_back(const_cast<PickleValue*>(&value));  // all values are ours, in values_
}

const PickleValue& PickleMachine::pop() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("a value from an empty stack");
  const PickleValue& value = *stack_.back();
  stack_.pop_back();
  return value;
}

std::vector<const PickleValue*> PickleMachine::pop_to_mark() {
  if (marks_.empty()) refuse("the end of a group that was not begun");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const PickleValue*> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

PickleValue& PickleMachine::top(Kind kind, const char* operation) {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("a value from an empty stack");
  if (stack_.back()->kind != kind) {
    refuse(fmt::format("{} on a {} instead of a {}", operation,
                       pickle_kind_name(stack_.back()->kind), pickle_kind_name(kind)));
  }
  return *stack_.back();
}

void PickleMachine::push_integer(int64_t value) {
  PickleValue& result = make(Kind::integer);
  result.integer = value;
  push(result);
}

void PickleMachine::push_long() {
  const size_t count = take_number<uint8_t>();
  if (count > sizeof(int64_t)) refuse(fmt::format("a whole number of {} bytes", count));
  const std::string_view digits = take(count);
  uint64_t value = 0;
  std::memcpy(&value, digits.data(), count);
  const bool negative = count > 0 && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
  if (negative && count < sizeof(value)) value |= ~uint64_t{0} << (8 * count);
  push_integer(static_cast<int64_t>(value));
}

void PickleMachine::push_tuple(size_t count) {
  std::vector<const PickleValue*> items(count);
  for (size_t i = count; i-- > 0;) items[i] = &pop();
  PickleValue& tuple = make(Kind::tuple);
  tuple.items = std::move(items);
  push(tuple);
}

void PickleMachine::add_pairs(const std::vector<const PickleValue*>& items) {
  if (items.size() % 2 != 0) refuse("a key without a value");
  std::vector<const PickleValue*>& pairs = top(Kind::dict, "SETITEM").items;
  pairs.insert(pairs.end(), items.begin(), items.end());
}

void PickleMachine::remember(uint32_t slot) {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("a value from an empty stack");
  memo_[slot] = stack_.back();
}

void PickleMachine::recall(uint32_t slot) {
  const auto found = memo_.find(slot);
  if (found == memo_.end()) refuse(fmt::format("value {}, which was never stored", slot));
  push(*found->second);
}

void PickleMachine::refuse(const std::string& what) const {
  fail_data("{}: refused at byte {}: {}", where_, position_, what);
}

}  // namespace truenext
