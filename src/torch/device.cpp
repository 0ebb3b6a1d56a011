// SPDX-License-Identifier: Apache-2.0
#include "torch/device.h"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/random.h"

namespace truenext {
namespace {

#ifdef TRUENEXT_TORCH_HAS_CUDA
constexpr bool kBuiltWithCuda = true;
#else
constexpr bool kBuiltWithCuda = false;
#endif

std::optional<c10::Device> parse(const std::string& name) {
  if (name == "aten-cpu") return c10::Device(c10::kCPU);
  if (name == "cuda") return c10::Device(c10::kCUDA, 0);
  const std::string number = name.rfind("cuda:", 0) == 0 ? name.substr(5) : "";
  const bool digits = number.find_first_not_of("0123456789") == std::string::npos;
  if (number.empty() || number.size() > 2 || !digits) return std::nullopt;
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(std::stoi(number)));
}

}  // namespace

c10::Device open_device(const std::string& name) {
  const std::optional<c10::Device> device = parse(name);
  check_usage(device.has_value(), "--device {}: want cpu, cuda, cuda:N or aten-cpu", name);
  if (device->is_cpu()) {
    at::set_num_threads(1);  // sums in one order, whatever the machine
    return *device;
  }
  check_usage(kBuiltWithCuda,
              "--device {}: the plug-in stands on LibTorch {} without CUDA; install a PyTorch with "
              "CUDA and run `TRUENEXT_TORCH=<its torch folder> scripts/setup --with-torch` (Python "
              "package: `python -m truenext.build_device`), or compute with --device cpu",
              name, TRUENEXT_TORCH_VERSION);
  try {
    at::zeros({1}, at::TensorOptions().device(*device));
  } catch (const std::exception& error) {
    const std::string text = error.what();
    fail_usage(
        "--device {}: LibTorch {} cannot use it: {}; check the driver with nvidia-smi, or "
        "compute with --device cpu",
        name, TRUENEXT_TORCH_VERSION, text.substr(0, text.find('\n')));
  }
  // cuDNN is of use to recurrent layers only, and does not promise the same bits twice.
  at::globalContext().setUserEnabledCuDNN(false);
  return *device;
}

void seed_device(c10::Device device, uint64_t seed, uint64_t step) {
  constexpr uint64_t kAllLayers = ~uint64_t{0};  // one generator serves every mask of a step
  const PhiloxKey key = random_key(seed, Purpose::dropout_embedding, step, kAllLayers);
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(uint64_t{key[1]} << 32 | key[0]);
}

}  // namespace truenext
