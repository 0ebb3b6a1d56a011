// SPDX-License-Identifier: Apache-2.0
#include "data/windows.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace truenext {
namespace {

/// An item to train on, one for validation, one for test.
constexpr int64_t kShortestWindow = 3;

/// Whether event `at` of all events is the target of a training example of the window.
bool trains_on(const Windows& windows, int64_t window, int64_t at) {
  const int64_t begin = windows.begins[window];
  return begin < at && at < begin + windows.length(window) - 2;
}

/// Windows before this one end before its held-out events, so only later ones can train on them.
bool leaks(const Windows& windows, int64_t window, int64_t at) {
  for (int64_t other = window + 1; other < windows.size() && windows.begins[other] < at; ++other) {
    if (windows.users[other] != windows.users[window]) break;
    if (trains_on(windows, other, at)) return true;
  }
  return false;
}

double percent(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

void check_windows(const SplitOptions& options) {
  const int64_t length = options.window_length, stride = options.window_stride;
  if (options.method != SplitMethod::windows) {
    check_usage(length == 0 && stride == 0,
                "--window-length and --window-stride cut windows; they go with --split windows");
    return;
  }
  check_usage(length != 0,
              "--split windows: say how many events a window has, e.g. --window-length 20");
  check_usage(length >= kShortestWindow,
              "--window-length {}: want at least {}, an item to train on, one for validation and "
              "one for test",
              length, kShortestWindow);
  check_usage(stride >= 0 && stride <= length,
              "--window-stride {}: want 1 to {}, the length of a window, or nothing for as many; "
              "events between windows would be lost",
              stride, length);
  const SplitOptions usual;
  check_usage(options.valid == usual.valid && options.test == usual.test &&
                  options.valid_users == usual.valid_users,
              "--split windows holds out the last item of every window for test and the one before "
              "it for validation; leave out --valid, --test and --valid-users");
  check_usage(options.valid_share == usual.valid_share && options.test_share == usual.test_share &&
                  options.target == usual.target,
              "--valid-share, --test-share and --target are of other splits; leave them out, or "
              "choose --split temporal or by-user instead of windows");
}

int64_t window_stride(const SplitOptions& options) {
  return options.window_stride > 0 ? options.window_stride : options.window_length;
}

std::vector<int64_t> window_starts(int64_t n, int64_t length, int64_t stride) {
  std::vector<int64_t> starts;
  for (int64_t start = n - length; start > 0; start -= stride) starts.push_back(start);
  starts.push_back(0);
  std::reverse(starts.begin(), starts.end());
  return starts;
}

Windows make_windows(std::span<const int64_t> offsets, const SplitOptions& options) {
  const int64_t stride = window_stride(options);
  Windows windows;
  windows.offsets.push_back(0);
  for (size_t user = 0; user + 1 < offsets.size(); ++user) {
    const int64_t n = offsets[user + 1] - offsets[user];
    for (const int64_t start : window_starts(n, options.window_length, stride)) {
      windows.users.push_back(static_cast<int32_t>(user));
      windows.begins.push_back(offsets[user] + start);
      windows.offsets.push_back(windows.offsets.back() + std::min(n, options.window_length));
    }
    check_data(windows.size() <= std::numeric_limits<int32_t>::max(),
               "--window-length {} with stride {} gives more than 2^31 - 1 windows; choose a "
               "larger --window-stride",
               options.window_length, stride);
  }
  return windows;
}

WindowReport count_leaks(const Windows& windows) {
  WindowReport report;
  report.windows = windows.size();
  for (int64_t window = 0; window < windows.size(); ++window) {
    const int64_t length = windows.length(window);
    const int64_t test = windows.begins[window] + length - 1;
    const bool newest =
        window + 1 == windows.size() || windows.users[window + 1] != windows.users[window];
    report.users += newest;
    if (length < kShortestWindow) continue;  // only trained on
    ++report.held_out;
    report.prefixes += length - kShortestWindow;
    report.leaked_test += leaks(windows, window, test);
    report.leaked_valid += leaks(windows, window, test - 1);
    report.before_others += !newest;
  }
  return report;
}

std::string window_id(std::string_view user, int64_t number) {
  return fmt::format("{}#{}", user, number + 1);
}

std::optional<int32_t> find_history(const Dataset& dataset, std::string_view raw) {
  if (!dataset.has_windows()) return dataset.users().find(raw);
  std::optional<int32_t> newest;
  for (int64_t number = 0;; ++number) {
    const auto window = dataset.users().find(window_id(raw, number));
    if (!window) break;
    newest = window;
  }
  return newest ? newest : dataset.users().find(raw);
}

std::optional<WindowReport> window_report(const Dataset& dataset) {
  if (!dataset.has_windows()) return std::nullopt;
  using Json = nlohmann::json;
  const Json description = Json::parse(dataset.description(), nullptr, false);
  try {
    const Json& counts = description.at("split").at("windows");
    const auto count = [&](const char* name) { return counts.at(name).get<int64_t>(); };
    return WindowReport{count("users"),        count("events"),       count("windows"),
                        count("held_out"),     count("prefixes"),     count("leaked_test"),
                        count("leaked_valid"), count("before_others")};
  } catch (const Json::exception&) {
    fail_data(
        "{}/dataset.json: no usable \"split.windows\": the file is damaged; prepare the "
        "dataset again",
        dataset.folder().string());
  }
}

std::string leak_label(const WindowReport& report) {
  if (report.leaked_test + report.leaked_valid == 0) return "";
  return fmt::format("; leaks {:.1f} % of test and {:.1f} % of validation targets into training",
                     percent(report.leaked_test, report.held_out),
                     percent(report.leaked_valid, report.held_out));
}

std::string leak_warning(const WindowReport& report) {
  std::string text;
  if (report.leaked_test + report.leaked_valid > 0) {
    text = fmt::format(
        "{} test targets ({:.1f} %) and {} validation targets ({:.1f} %) of {} windows are trained "
        "on, with the same items before them, in an overlapping window; ",
        report.leaked_test, percent(report.leaked_test, report.held_out), report.leaked_valid,
        percent(report.leaked_valid, report.held_out), report.held_out);
  }
  if (report.before_others > 0) {
    text += fmt::format("{} windows are judged although later ones of their user are trained on; ",
                        report.before_others);
  }
  if (text.empty()) return "";
  return "windows: " + text +
         "compare such results with those of the same windows only, and use --split leave-last for "
         "claims";
}

}  // namespace truenext
