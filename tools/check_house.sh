#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The house rules that a grep can check. Complaints fail, warnings do not.
set -uo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

# Tracked and new files that git does not ignore; without git (a tarball) everything but build trees.
list_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard
  else
    find . -type f -not -path './build*' -not -path './.torch/*' | sed 's|^\./||'
  fi | while read -r file; do [ -f "$file" ] && printf '%s\n' "$file"; done
}
mapfile -t all < <(list_files | grep -v '\.log$')
mapfile -t code < <(printf '%s\n' "${all[@]}" | grep -E '^(src|tests|benchmarks)/.*\.(h|cpp|cu|cuh)$')
mapfile -t headers < <(printf '%s\n' "${code[@]}" | grep -E '\.(h|cuh)$')
mapfile -t below_cli < <(printf '%s\n' "${code[@]}" | grep -E '^src/' | grep -v '^src/cli/')
mapfile -t scripts < <(printf '%s\n' "${all[@]}" |
  grep -E '(\.py|\.sh)$|^scripts/|^\.ci/|^cmake/|CMakeLists\.txt$')

complaints=0
warnings=0
complain() { printf 'check_house: %s\n' "$*" >&2; complaints=$((complaints + 1)); }
warn() { printf 'check_house: warning: %s\n' "$*" >&2; warnings=$((warnings + 1)); }

# forbid RULE PATTERN FILES...: one complaint for each matching line.
forbid() {
  local rule=$1 pattern=$2 line
  shift 2
  [ $# -gt 0 ] || return 0
  while IFS= read -r line; do complain "$line  <- $rule"; done \
    < <(grep -nHIE -e "$pattern" -- "$@" 2>/dev/null)
}

[ ${#code[@]} -gt 0 ] || complain "no source files found, nothing was checked"

forbid 'only cli/ writes to stdout' 'std::cout|\bprintf\(|\bputs\(' "${below_cli[@]}"
forbid 'only main() exits' '\b(std::)?(exit|abort|quick_exit)\(' "${below_cli[@]}"
forbid 'only cli/arguments.cpp and command_help.cpp include CLI11' '#include <CLI/' \
  $(printf '%s\n' "${code[@]}" | grep -E '^src/' | grep -vxE 'src/cli/(arguments|command_help).cpp')
forbid 'no using namespace in headers' '^[[:space:]]*using[[:space:]]+namespace' "${headers[@]}"
# Spelt so that this file does not match itself.
forbid 'finish it or leave it out' '\b(TO''DO|FIX''ME|XX''X|HA''CK)\b' "${code[@]}" "${scripts[@]}"
forbid 'finish it or leave it out' '\b(not imple''mented|unimple''mented)\b' "${code[@]}" "${scripts[@]}"
forbid 'a path of one machine' \
  '(^|[^A-Za-z0-9_.$}/-])/(work|home|root|Users|mnt)/[A-Za-z0-9_.-]' "${all[@]}"

for file in "${code[@]}"; do
  head -n 1 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
    complain "$file:1: the first line must be // SPDX-License-Identifier: Apache-2.0"
  lines=$(wc -l <"$file")
  [ "$lines" -le 500 ] || warn "$file has $lines lines, 300 is the aim and 500 the limit"
done
for file in "${headers[@]}"; do
  grep -q '^#pragma once' "$file" || [[ $file == *-inl.h ]] || complain "$file: no #pragma once"
done
while read -r document; do
  [ -f "$document" ] || complain "$document is referred to but does not exist"
done < <(grep -ohE 'docs/[a-z0-9-]+\.md' -- "${code[@]}" *.md | sort -u)
for folder in src/*/; do
  compgen -G "tests/$(basename "$folder")/*_test.cpp" >/dev/null || warn "$folder has no tests in tests/"
done
for file in "${all[@]}"; do
  size=$(stat -c %s "$file")
  [ "$size" -le 1000000 ] || complain "$file: $size bytes; files above 1 MB stay out of the tree"
done

if command -v clang-format-16 >/dev/null; then
  mapfile -t unformatted < <(
    clang-format-16 --dry-run "${code[@]}" 2>&1 | sed -nE 's/^([^:]+):[0-9]+:[0-9]+: .*/\1/p' | sort -u)
  for file in "${unformatted[@]}"; do complain "$file: run clang-format-16 -i on it"; done
else
  warn "clang-format-16 is not installed, the format was not checked"
fi

printf 'check_house: %d files, %d complaints, %d warnings\n' "${#all[@]}" "$complaints" "$warnings"
[ "$complaints" -eq 0 ]
