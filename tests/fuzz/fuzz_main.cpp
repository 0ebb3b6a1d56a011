// SPDX-License-Identifier: Apache-2.0
// All fuzzers in one program, since linking each against the sanitizers costs more than running it:
//   TRUENEXT_FUZZ_KIND=csv build-asan/tests/fuzzers CORPUS -runs=1000
// tools/fuzz.sh runs them all. A small input must not ask for much memory: live allocations of one
// input beyond ten times its size plus 64 MiB end the program, as a broken check does.
#include <sanitizer/allocator_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "base/error.h"
#include "base/log.h"
#include "fuzz_kinds.h"

namespace truenext::fuzz {
namespace {

constexpr int64_t kSpare = int64_t{64} << 20;

std::atomic<int64_t> live{0};
std::atomic<int64_t> limit{INT64_MAX};

void on_malloc(const volatile void* /*block*/, size_t size) {
  const int64_t now = live += static_cast<int64_t>(size);
  if (now <= limit) return;
  limit = INT64_MAX;  // what follows allocates, too
  std::fprintf(stderr, "fuzz: %lld bytes are allocated at once for one small input\n",
               static_cast<long long>(now));
  std::abort();
}

void on_free(const volatile void* block) {
  if (block != nullptr) {
    live -= static_cast<int64_t>(__sanitizer_get_allocated_size(const_cast<const void*>(block)));
  }
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  add_event_kinds(kinds);
  add_arrow_kinds(kinds);
  add_text_kinds(kinds);
  add_model_kinds(kinds);
  add_label_kinds(kinds);
  add_id_kinds(kinds);
#ifdef TRUENEXT_FUZZ_SERVE
  add_serve_kinds(kinds);
#endif
  return kinds;
}

/// The chosen kind; without one their names are listed.
const Kind& chosen_kind() {
  static const std::vector<Kind> kinds = all_kinds();
  const char* name = std::getenv("TRUENEXT_FUZZ_KIND");
  for (const Kind& kind : kinds) {
    if (name != nullptr && kind.name == name) return kind;
  }
  for (const Kind& kind : kinds) std::printf("%s\n", kind.name.c_str());
  std::fflush(stdout);
  _Exit(name == nullptr ? 0 : 1);
}

}  // namespace

std::string path_of(std::string_view bytes) {
  static const int file = memfd_create("input", 0);
  const bool written =
      file >= 0 && ftruncate(file, 0) == 0 &&
      pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
  if (!written) throw std::runtime_error("fuzz: no memory for the input");
  return "/proc/self/fd/" + std::to_string(file);
}

std::vector<std::string_view> pieces(std::string_view input, size_t count) {
  constexpr std::string_view kBorder = "\n====\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const size_t end = input.find(kBorder);
    parts.push_back(input.substr(0, end));
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + kBorder.size());
  }
  parts.push_back(input);
  return parts;
}

}  // namespace truenext::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  using namespace truenext::fuzz;
  truenext::set_quiet(true);
  // What a kind makes once for all inputs is made before anything is counted.
  LLVMFuzzerTestOneInput(nullptr, 0);
  __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace truenext::fuzz;
  const Kind& kind = chosen_kind();
  limit = live + static_cast<int64_t>(10 * size) + kSpare;
  try {
    kind.run({reinterpret_cast<const char*>(data), size});
  } catch (const truenext::Error&) {
  }
  limit = INT64_MAX;
  return 0;
}
