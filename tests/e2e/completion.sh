#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shell completion, run where the shell is installed, and the manual.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for shell in bash zsh fish; do
  ok "script for $shell" "$truenext" completion $shell
  cp out completion.$shell
  ! command -v $shell >/dev/null || ok "$shell reads it" $shell -n completion.$shell
done
refuses 'no such shell' 1 'tcsh' "$truenext" completion tcsh
. ./completion.bash

# completes LINE: what bash would offer at the end of the line, sorted, in one line.
completes() {
  COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
  _truenext 2>/dev/null
  printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' | sed 's/ $//'
}
# offers NAME LINE WORDS
offers() {
  local found
  found=$(completes "$2")
  [ "$found" = "$3" ] && pass || fail "$1: '$2'" "offered:  $found" "expected: $3"
}
offers 'verbs' 'truenext e' 'evaluate export'
offers 'a verb' 'truenext simu' 'simulate'
offers 'verbs behind a global option' 'truenext --quiet des' 'describe'
offers 'options of a verb' 'truenext train --pre' '--preset --presets'
offers 'options of all verbs' 'truenext describe --thr' '--threads'
offers 'short options' 'truenext recommend run -k' '-k'
offers 'no options of other verbs' 'truenext describe --pre' ''
offers 'words of an option' 'truenext evaluate run --part ' 'test valid'
offers 'words behind =' 'truenext evaluate run --part=v' 'valid'
offers 'words of a positional' 'truenext completion ' 'bash fish zsh'
offers 'words of a list elsewhere' 'truenext train --preset nar' 'narm-ce'
offers 'words of a global option' 'truenext train --device c' 'cpu cuda'
offers 'files where there are no words' 'truenext train --data ' ''
offers 'keys' 'truenext train --set train.ep' 'train.epochs= train.epsilon='
offers 'values of a key' 'truenext train --set train.schedule=' 'constant cosine linear'
offers 'values of a key behind another =' 'truenext train --set=model.tie_embeddings=t' 'true'
offers 'keys of options' 'truenext options objective.gb' 'objective.gbce_form objective.gbce_t'
saved=$COMP_WORDBREAKS
COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
offers 'values where = is no border' 'truenext train --set train.schedule=li' 'train.schedule=linear'
offers 'words where = is no border' 'truenext evaluate run --part=v' '--part=valid'
COMP_WORDBREAKS=$saved
# Every key of the configuration is offered.
"$truenext" options --json >keys.json
python3 - >keys <<'END'
import json
print("\n".join(sorted(e["key"] + "=" for e in json.load(open("keys.json")) if e["section"] != "run")))
END
completes 'truenext train --set ' | tr ' ' '\n' | LC_ALL=C sort >offered
LC_ALL=C sort keys | cmp -s - offered && pass || fail 'keys that are not offered' "$(diff keys offered)"

if command -v fish >/dev/null; then
  fish -c 'source completion.fish; complete -C "truenext evaluate run --part "' >fished
  says 'fish offers words' '^valid' fished
  fish -c 'source completion.fish; complete -C "truenext simu"' >fished
  says 'fish offers verbs' '^simulate' fished
fi

ok 'manual' "$truenext" man --out man
[ -s man/truenext.1 ] && pass || fail 'no page of the program'
"$truenext" --help | sed -n '/^Subcommands:/,$p' | awk 'NR > 1 && /^  [a-z]/ {print $1}' >verbs
[ "$(wc -l <verbs)" -ge 13 ] && pass || fail 'verbs' "$(cat verbs)"
while read -r verb; do
  page=man/truenext-$verb.1
  [ -s "$page" ] || { fail "no page of $verb"; continue; }
  # Every option that --help shows is in the page, dashes escaped.
  "$truenext" "$verb" --help | grep -oE '^  (-[a-zA-Z],)?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' >options
  while read -r option; do
    grep -qF -- "\\fB${option//-/\\-}\\fR" "$page" || fail "$page: no $option"
  done <options
  if command -v groff >/dev/null; then
    groff -man -ww -Tutf8 "$page" >/dev/null 2>warnings
    [ ! -s warnings ] && pass || fail "groff complains of $page" "$(head -n 3 warnings)"
  fi
  if command -v mandoc >/dev/null; then
    mandoc -Tlint -W error "$page" >warnings 2>&1 && pass || fail "mandoc complains of $page" "$(head -n 3 warnings)"
  fi
done <verbs
sed 's/\\-/-/g' man/truenext-options.1 >plain
while read -r key; do grep -qF "\\fB${key%=}\\fR" plain || fail "truenext-options.1: no $key"; done <keys
pass
ok 'a page by name' "$truenext" man train
cmp -s out man/truenext-train.1 && pass || fail 'man train is not truenext-train.1'
refuses 'no such page' 1 'no such verb' "$truenext" man trian
finish
