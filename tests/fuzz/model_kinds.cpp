// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <span>
#include <string>

#include "base/error.h"
#include "fuzz_kinds.h"
#include "inference/model_file.h"
#include "inference/safetensors.h"
#include "inference/safetensors_header.h"
#include "interop/model_import.h"
#include "interop/pickle_machine.h"
#include "interop/pytorch_checkpoint.h"
#include "interop/pytorch_stream.h"

namespace truenext::fuzz {
namespace {

void pickle(std::string_view input) {
  PickleMachine machine(std::as_bytes(std::span(input)), "input");
  while (machine.position() < input.size()) (void)machine.load();
}

void read_and_import(const StateDict& state) {
  for (size_t i = 0; i < state.tensors().size(); ++i) (void)state.read(i);
  const ImportOptions kinds[] = {{.names = "gsasrec", .heads = 1},
                                 {.names = "pmixer", .heads = 1},
                                 {.names = "s3rec"},
                                 {.names = "csrec"},
                                 {.names = "csrec", .settings = {"model.max_length=8"}}};
  for (const ImportOptions& options : kinds) {
    try {
      (void)import_model(state, options);
    } catch (const Error&) {  // most are of neither
    }
  }
}

/// A ZIP with a pickle, and whatever it can be imported as.
void checkpoint(std::string_view input) {
  read_and_import(PytorchCheckpoint(path_of(input)));
}

/// The same behind the magic number of PyTorch before 1.6, which nobody draws by chance.
void torch_stream(std::string_view input) {
  const std::string magic("\x80\x02\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.", 15);
  read_and_import(PytorchStream(path_of(magic + std::string(input))));
}

/// The header as the input, with its length before it and some data behind.
void safetensors_header(std::string_view input) {
  (void)parse_safetensors_header(input, "input");
  constexpr size_t kData = 64;
  std::string file(sizeof(uint64_t), '\0');
  const std::string padding((8 - input.size() % 8) % 8, ' ');
  const uint64_t length = input.size() + padding.size();
  std::memcpy(file.data(), &length, sizeof length);
  file += input;
  file += padding + std::string(kData, '\1');
  const SafetensorsFile opened(path_of(file));
  for (const auto& [name, tensor] : opened.tensors()) {
    for (const std::byte byte : tensor.bytes) {
      if (byte != std::byte{1}) __builtin_trap();
    }
  }
}

void look_up(const ModelFile& file) {
  for (int64_t item = 0; item < file.num_items(); ++item) {
    if (file.find_item(file.item_id(item)) != static_cast<int32_t>(item)) __builtin_trap();
    (void)file.title(item);
  }
}

/// A whole model file, as recommend opens it.
void model(std::string_view input) {
  look_up(ModelFile::open(path_of(input)));
}

/// The same in memory.
void model_in_memory(std::string_view input) {
  look_up(ModelFile::from_memory({std::as_bytes(std::span(input)), {}}));
}

}  // namespace

void add_model_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"pickle", &pickle});
  kinds.push_back({"checkpoint", &checkpoint});
  kinds.push_back({"torch-stream", &torch_stream});
  kinds.push_back({"safetensors-header", &safetensors_header});
  kinds.push_back({"model", &model});
  kinds.push_back({"model-in-memory", &model_in_memory});
}

}  // namespace truenext::fuzz
