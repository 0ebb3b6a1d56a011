// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace truenext::fuzz {

/// One thing that reads what others have written. `run` is given any bytes and may throw Error;
/// everything else that leaves it is a failure.
struct Kind {
  std::string name;
  void (*run)(std::string_view input);
};

/// By the environment variable TRUENEXT_FUZZ_KIND. Each source file adds its kinds.
void add_event_kinds(std::vector<Kind>& kinds);  ///< a kind for each format of `prepare`
void add_arrow_kinds(std::vector<Kind>& kinds);  ///< tables in memory
void add_text_kinds(std::vector<Kind>& kinds);   ///< titles, attributes, lists, configurations
void add_model_kinds(std::vector<Kind>& kinds);  ///< model files and checkpoints of others
void add_label_kinds(std::vector<Kind>& kinds);  ///< stored soft labels
void add_id_kinds(std::vector<Kind>& kinds);     ///< ids on the command line

#ifdef TRUENEXT_FUZZ_SERVE
void add_serve_kinds(std::vector<Kind>& kinds);  ///< what the server reads
#endif

/// A path under which a reader finds `bytes`, in memory. Valid until the next call.
std::string path_of(std::string_view bytes);

/// Pieces between lines "====", exactly `count`; missing ones are empty.
std::vector<std::string_view> pieces(std::string_view input, size_t count);

}  // namespace truenext::fuzz
