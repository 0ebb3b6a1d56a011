// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace upnext::cli {

/// An entry of the training library by name; the caller knows its type (train/train_request.h,
/// train/bench_request.h). LibTorch takes a second or two to load, so only the verbs that train
/// load it, and with it the training library that stands beside the core library.
void* training_entry(const char* name);

}  // namespace upnext::cli
