// SPDX-License-Identifier: Apache-2.0
// What a pickle of PyTorch says about tensors: globals, persistent ids and the two calls, all of
// them read as descriptions.
#include <algorithm>

#include "base/error.h"
#include "interop/pickle_machine.h"

namespace truenext {
namespace {

constexpr size_t kMaxRank = 8;

constexpr std::string_view kOrderedDict = "collections OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kFloatStorage = "torch FloatStorage";

bool is_text(const PickleValue& value, std::string_view text) {
  return value.kind == PickleValue::Kind::text && value.text == text;
}

}  // namespace

const char* pickle_kind_name(PickleValue::Kind kind) {
  static const char* const names[] = {"None", "bool", "int",    "float",   "str",   "tuple",
                                      "list", "dict", "global", "storage", "tensor"};
  return names[static_cast<int>(kind)];
}

void PickleMachine::push_global() {
  const std::string_view module = take_line();
  const std::string_view attribute = take_line();
  const std::string name = fmt::format("{} {}", module, attribute);
  if (name != kOrderedDict && name != kRebuildTensor && name != kFloatStorage) {
    refuse(
        fmt::format("the global {}.{}; only {}, {} and {} are known, as names. Nothing was "
                    "executed. Save a plain float32 state dict instead",
                    module, attribute, "collections.OrderedDict", "torch._utils._rebuild_tensor_v2",
                    "torch.FloatStorage"));
  }
  PickleValue& value = make(Kind::global);
  value.text = name;
  push(value);
}

// ("storage", FloatStorage, key, device, number of elements); the device does not matter. Before
// PyTorch 1.6 a sixth says of which larger storage this is a part: None for a whole one.
void PickleMachine::push_storage() {
  const PickleValue& id = pop();
  const auto& items = id.items;
  const bool counted = items.size() == 5 || (items.size() == 6 && items[5]->kind == Kind::none);
  if (id.kind != Kind::tuple || !counted || !is_text(*items[0], "storage") ||
      items[1]->kind != Kind::global || items[1]->text != kFloatStorage ||
      items[2]->kind != Kind::text || items[3]->kind != Kind::text ||
      items[4]->kind != Kind::integer || items[4]->integer < 0) {
    refuse("a persistent id that is not (storage, FloatStorage, key, device, count)");
  }
  PickleValue& storage = make(Kind::storage);
  storage.text = items[2]->text;
  storage.integer = items[4]->integer;
  push(storage);
}

void PickleMachine::reduce() {
  const PickleValue& arguments = pop();
  const PickleValue& function = pop();
  if (function.kind != Kind::global || arguments.kind != Kind::tuple) {
    refuse(fmt::format("a call of a {}", pickle_kind_name(function.kind)));
  }
  if (function.text == kOrderedDict && arguments.items.empty()) {
    push(make(Kind::dict));
  } else if (function.text == kRebuildTensor) {
    describe_tensor(arguments);
  } else {
    refuse(fmt::format("a call of {} with {} arguments", function.text, arguments.items.size()));
  }
}

// (storage, offset, shape, strides, requires_grad, hooks)
void PickleMachine::describe_tensor(const PickleValue& arguments) {
  const auto& items = arguments.items;
  const auto whole_numbers = [](const PickleValue& value) {
    // The size first: one huge tuple could be named by any number of tensors.
    return value.kind == Kind::tuple && value.items.size() <= kMaxRank &&
           std::all_of(value.items.begin(), value.items.end(),
                       [](const PickleValue* item) { return item->kind == Kind::integer; });
  };
  if (items.size() != 6 || items[0]->kind != Kind::storage || items[1]->kind != Kind::integer ||
      !whole_numbers(*items[2]) || !whole_numbers(*items[3]) || items[4]->kind != Kind::boolean ||
      items[5]->kind != Kind::dict) {
    refuse("a tensor that is not (storage, offset, shape, strides, flag, hooks) of rank 0 to 8");
  }
  PickleValue& tensor = make(Kind::tensor);
  tensor.items.assign(items.begin(), items.begin() + 4);
  push(tensor);
}

}  // namespace truenext
