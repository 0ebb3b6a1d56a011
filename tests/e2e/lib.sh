# SPDX-License-Identifier: Apache-2.0
# Helpers of the end-to-end tests. Sourced with the path of the command as $1.
set -uo pipefail
truenext=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
passed=0 failed=0

fail() {
  failed=$((failed + 1))
  printf 'FAILED: %s\n' "$1"
  [ $# -lt 2 ] || printf '  %s\n' "${@:2}"
}
pass() { passed=$((passed + 1)); }

# ok NAME COMMAND...: the command succeeds; its streams stay in out and err.
ok() {
  local name=$1
  shift
  if "$@" >out 2>err; then pass; else fail "$name (exit $?)" "$(tail -n 3 err)"; fi
}
# refuses NAME CODE TEXT COMMAND...: exit status CODE, and stderr says TEXT (a regular expression).
refuses() {
  local name=$1 code=$2 text=$3
  shift 3
  "$@" >out 2>err
  local status=$?
  if [ $status -ne "$code" ]; then
    fail "$name: exit $status, expected $code" "$(tail -n 3 err)"
  elif ! grep -qE -- "$text" err; then
    fail "$name: the message does not say '$text'" "$(tail -n 3 err)"
  else
    pass
  fi
}
# says NAME TEXT FILE
says() { if grep -qE -- "$2" "$3"; then pass; else fail "$1: no '$2' in" "$(head -n 20 "$3")"; fi; }
# small_grid PRESET VARIANT DATA LINE...: a grid file on stdout, of one variant of one epoch, in OUT = VARIANT; lines of [set] behind.
small_grid() {
  printf 'out = "%s"\npreset = "%s"\ndata = %s\nseeds = [1]\nmetrics = "ndcg@10"\n[set]\ntrain.epochs = 1\n' "$2" "$1" "$3"
  printf '%s\n' "${@:4}"
  printf '[[variant]]\nname = "%s"\n' "$2"
}
absent() { if [ -e "$2" ]; then fail "$1: $2 exists"; else pass; fi; }

finish() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
