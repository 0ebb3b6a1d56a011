#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whether include/truenext/truenext.h still is what programs were built against, by abidiff (Debian's abigail-tools):
#   check_abi.sh           fails when something was taken away or changed; additions pass
#   check_abi.sh --write   keeps the header of now as what later ones are held against: for releases
# The header alone says what the interface is, so a library of empty functions stands for ours; that ours has every
# function of the header is what the Python package finds out when it is imported.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kept=$top/tests/c_api/truenext_c.abi
command -v abidiff >/dev/null || { echo 'skipped: abidiff is not installed (apt-get install abigail-tools)'; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
  echo '#include <truenext/truenext.h>'
  # Every declaration with a body in the place of its semicolon.
  sed -e 's|/\*.*\*/||' "$top/include/truenext/truenext.h" | sed '/\/\*/,/\*\//d' |
    awk '/^TRUENEXT_API/ { on = 1 } on { text = text " " $0 } on && /;/ { sub(/;.*/, " { __builtin_trap(); }", text); print text; text = ""; on = 0 }'
  # Constants have no place in a library but as enumerators that a function returns. The name has the constant's value,
  # and the enumerator's own value comes of it, so that adding one moves no other.
  echo 'enum truenext_constants {'
  sed -n 's/^#define \(TRUENEXT_[A-Z_]*\) \([0-9]*\).*/\1_is_\2/p' "$top/include/truenext/truenext.h" | grep -v ABI_VERSION |
    while read -r name; do echo "  $name = $(($(printf %s "$name" | cksum | cut -d ' ' -f 1) % 1000000007)),"; done
  echo '};'
  echo 'enum truenext_constants truenext_constants_(void) { __builtin_trap(); }'
  echo 'truenext_status truenext_status_(void) { __builtin_trap(); }'
} >"$work/functions.c"
cc -std=c99 -g -fPIC -shared -Wno-unused-parameter -I "$top/include" -Wl,--version-script="$top/src/c_api/exports.map" \
  -Wl,-soname,libtruenext_c.so.1 "$work/functions.c" -o "$work/libtruenext_c.so.1"

functions=$(($(grep -c __builtin_trap "$work/functions.c") - 2))
declared=$(grep -c '^TRUENEXT_API' "$top/include/truenext/truenext.h")
[ "$functions" -eq "$declared" ] || { echo "of $declared declarations $functions were understood"; exit 1; }
if [ "${1:-}" = --write ]; then
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$kept" "$work/libtruenext_c.so.1"
  sed -i "s|$work/||" "$kept"
  echo "written: $kept, $functions functions"
  exit 0
fi
status=0
abidiff "$kept" "$work/libtruenext_c.so.1" >"$work/report" || status=$?
# Bits of the status: 1 error, 2 usage, 4 something differs, 8 programs that were built before break. A struct that
# changed its layout sets only the third, so of what differs only added functions pass.
taken=$(sed -n 's/^Functions changes summary: \([0-9]*\) Removed, \([0-9]*\) Changed.*/\1 \2/p' "$work/report")
if [ $((status & 11)) -ne 0 ] || { [ $status -ne 0 ] && [ "$taken" != '0 0' ]; }; then
  cat "$work/report"
  echo 'the C interface changed for programs that were built before; add another function instead'
  exit 1
fi
echo "$functions functions; nothing that was there has changed"
