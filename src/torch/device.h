// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace truenext {

/// The device behind a name other than "cpu": "cuda", "cuda:1", or "aten-cpu", which computes on
/// the CPU, on one thread, what a GPU would compute. Usage Error when there is no such device,
/// saying what the LibTorch of this plug-in lacks.
c10::Device open_device(const std::string& name);

/// Starts the device's generator, from which LibTorch draws dropout masks, anew for a step: masks
/// are a function of seed and step on one kind of device.
void seed_device(c10::Device device, uint64_t seed, uint64_t step);

}  // namespace truenext
