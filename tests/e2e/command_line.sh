#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Wrong command lines: what is wrong, what was meant, and numbers as people write them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

printf 'user,item,time\na,x,1\na,y,2\na,z,3\na,x,4\n' >log.csv
ok 'data' "$truenext" prepare log.csv --out data

# Each line: what stderr says (a regular expression), then the command.
while IFS='|' read -r text arguments; do
  [ -z "$arguments" ] && continue
  eval "set -- $arguments"
  refuses "truenext $arguments" 1 "$text" "$truenext" "$@"
  grep -qE '[0-9]{30}|e[+-]30[0-9]' err && fail "a number nobody writes: $arguments" "$(head -n 2 err)" || pass
done <<'ROWS'
there are .*prepare.*recommend|nosuch
did you mean train|trian
did you mean evaluate|eval
did you mean --out|prepare log.csv --ouut o
did you mean --out|prepare log.csv --ouut=o
did you mean --min-user-events|prepare log.csv --out o --min-user
did you mean --history|recommend run --histroy 1
did you mean --threads|describe data --thread 1
unknown option|describe data --zzzzzzzz
one argument too many|describe data other
did you mean valid|evaluate run --part valdi
want one of|evaluate run --part 7
at least 1|recommend run --history x -k 0
at least 1|recommend run --history x -k -3
"abc" is no number.*at least 1|recommend run --history x -k abc
is no whole number|recommend run --history x -k 1.5
is no whole number|recommend run --history x -k 1e3
too large|recommend run --history x -k 99999999999999999999
too large|recommend run --history x -k 9223372036854775808
too large|describe data --threads 99999999999
--allow and --users both read standard input|recommend run --users - --allow -
--candidates and --stdin both read standard input|recommend run --stdin --candidates -
--exclude and --history both read standard input|recommend run --history - --exclude -
--allow and --exclude both read standard input|similar run --item x --allow - --exclude -
without a model --include-seen has nothing to say|evaluate --lists lists --data data --include-seen
--allow-other-data, --trec-depth have nothing|evaluate --lists lists --data data --trec-depth 5 --allow-other-data
--candidates has nothing|evaluate --lists lists --data data --candidates clean
did you mean train.learning_rate|options train.lr
at least 0|prepare log.csv --out o --min-user-events -1
at least 0|prepare log.csv --out o --min-item-events -1
at least 0|prepare log.csv --out o --valid -1
at least 0|prepare log.csv --out o --test -1
at least 1|prepare log.csv --out o --memory 0
0 to 1|prepare log.csv --out o --split temporal --test-share 2
0 to 1|prepare log.csv --out o --split temporal --valid-share -0.5
is no number|prepare log.csv --out o --min-value many
above 0|prepare log.csv --out o --time-scale 0
out of range|prepare log.csv --out o --time-scale inf
one character|prepare log.csv --out o --separator ab
did you mean tab|prepare log.csv --out o --separator tabs
at least 0|evaluate run --max-users -1
at least 0|evaluate run --candidates clean --negatives -2
at least 1|evaluate run --test-items 0
at least 1|evaluate run --test-items 1,x
at least 1|evaluate run --beyond 0
at least 1|evaluate run --trec-depth 0
at least 1|stability a b -k 0
100 to 10000000|compare a b --bootstrap 1
1 to 1000|calibrate run --bins 0
at least 1|calibrate run --top 0
at least 1|similar run --item x -k 0
at least 0|bench recommend --steps -1
at least 0|describe data --seed -1
is no number|describe data --seed soon
did you mean train.learning_rate|train --data data --run r --set lr=0.1
did you mean model.hidden_size|train --data data --run r --set hidden_size=8
did you mean model.max_length|train --data data --run r --set maxlen=8
at least 1|train --data data --run r --set train.batch_size=0
ROWS

ok 'presets' "$truenext" train --presets
sed '/^for --compat/q' out | grep -vE '^(for --compat.*)?$' | cut -d' ' -f1 >names
[ -s names ] && pass || fail 'presets are listed'
says 'and one by the data' '^auto$' names
while read -r name; do
  [ "$name" = auto ] && continue  # wants data, tests/e2e/training.sh
  ok "--preset $name is taken" "$truenext" train --preset "$name" --show-config
done <names
"$truenext" train --presets | sed '1,/^for --compat/d' | cut -d' ' -f1 >names
while read -r name; do
  preset=relevance-linear
  [ "$name" = sr-gnn-2023 ] && preset=sr-gnn-cce
  ok "--compat $name is taken" "$truenext" train --preset $preset --compat "$name" --show-config
done <names

for out in /proc/nope /proc/nope/deeper; do
  refuses "--out $out" 2 'No such file|not permitted|Permission' "$truenext" prepare log.csv --out $out
  grep -q Success err && fail "--out $out: no reason" "$(cat err)" || pass
done
finish
