#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs fuzzers (tests/fuzz), two at a time, each from its seeds and what earlier runs kept.
#   tools/fuzz.sh BUILD OPTIONS [KIND ...]     OPTIONS of libFuzzer: -max_total_time=20 or -runs=1000000
# An input that fails is kept in BUILD/fuzz/KIND-... and named; the exit status is then 1.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# -ge 2 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 1; }
build=$(realpath "$1") limit=$2
shift 2
program=$build/tests/fuzzers
[ -x "$program" ] || { echo "fuzz: no $program; configure with -DTRUENEXT_FUZZ=ON" >&2; exit 1; }
kinds=("$@")
[ $# -gt 0 ] || mapfile -t kinds < <("$program")
mkdir -p "$build/fuzz"
python3 tests/fuzz/seeds.py "$build/fuzz/seeds"

one() {  # PROGRAM FOLDER LIMIT KIND
  local scratch status log=$2/$4.log
  scratch=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/fuzz.XXXXXX")
  mkdir -p "$2/seeds/$4" "$2/corpus/$4"
  # Inputs hang after 10 s. Of memory the program itself counts to the byte; the limits here are for
  # what it cannot see.
  TRUENEXT_FUZZ_KIND=$4 TMPDIR=$scratch \
    ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=16:allocator_may_return_null=0 \
    UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
    "$1" "$2/corpus/$4" "$2/seeds/$4" "$3" -timeout=10 -entropic=0 -rss_limit_mb=1024 -malloc_limit_mb=128 \
    -max_len=4096 -close_fd_mask=1 -print_final_stats=1 -artifact_prefix="$2/$4-" >"$log" 2>&1
  status=$?
  rm -rf "$scratch"
  printf '%-20s %10s inputs  %s\n' "$4" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$([ $status -eq 0 ] && echo ok || echo "FAILED, see $log")"
  [ $status -eq 0 ] || grep -hE 'ERROR|fuzz:|runtime error|SUMMARY|Test unit written' "$log" | head -n 6
  return $status
}
export -f one
printf '%s\n' "${kinds[@]}" |
  xargs -P "${TRUENEXT_JOBS:-2}" -I '{}' bash -c 'one "$@"' one "$program" "$build/fuzz" "$limit" '{}'
status=$?
# xargs says 123 when any of them failed.
[ $status -eq 0 ] || { echo "fuzz: inputs that fail are in $build/fuzz"; exit 1; }
