#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The data verbs and the help texts.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok 'help' "$truenext" --help
for verb in simulate prepare describe noise train evaluate calibrate compare stability grid robust recommend similar serve import export bench; do
  says "help lists $verb" "^  $verb " out
done
for verb in simulate prepare describe noise train evaluate calibrate compare stability grid robust recommend similar serve import export bench; do
  "$truenext" $verb --help >verb.out 2>&1 || fail "$verb --help"
  says "$verb --help" 'Usage: truenext' verb.out
done
ok 'version' "$truenext" --version
says 'version' '^truenext [0-9]+\.[0-9]+\.[0-9]+$' out

ok 'simulate' "$truenext" simulate --users 80 --items 30 --seed 7 --out log.csv
says 'log has a header' '^user,item,time$' log.csv
ok 'simulate again' "$truenext" simulate --users 80 --items 30 --seed 7 --out again.csv
cmp -s log.csv again.csv && pass || fail 'the same seed gives the same log'

ok 'prepare' "$truenext" prepare log.csv --out data --min-user-events 5
ok 'prepare again' "$truenext" prepare log.csv --out data2 --min-user-events 5
for file in data/*.bin data/*.ids; do
  cmp -s "$file" "data2/${file#data/}" && pass || fail "the same input gives the same $file"
done
ok 'prepare from gzip' sh -c "gzip -c log.csv > log.csv.gz && '$truenext' prepare log.csv.gz --out data3 --min-user-events 5"
cmp -s data/items.bin data3/items.bin && pass || fail 'gzip changes nothing'
ok 'describe' "$truenext" describe data
says 'describe counts' 'users' out
ok 'describe as JSON' "$truenext" describe data --json
python3 -m json.tool out >/dev/null && pass || fail 'describe --json is JSON'
finish
