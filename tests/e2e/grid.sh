#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A grid of runs: what it leaves behind, how it goes on after an interrupt and around a failure.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 150 --items 40 --seed 7 --out log.csv >/dev/null 2>&1
"$truenext" prepare log.csv --out data --min-user-events 5 >/dev/null 2>&1
"$truenext" prepare log.csv --out more --min-user-events 5 --test 2 >/dev/null 2>&1

# plan FILE OUT EPOCHS: two variants, of which one is from the product, two seeds.
plan() {
  cat >"$1" <<END
out = "$2"
preset = "gsasrec"
data = ["data", "more"]
seeds = [1, 2]
metrics = "ndcg@10,hr@10"

[set]
model.hidden_size = 16
model.max_length = 20
objective.negatives = 8
train.epochs = $3
train.patience = 0

[[variant]]
name = "base"

[grid]
model.dropout = [0.1]
END
}

plan grid.toml runs 3
ok 'list' "$truenext" grid grid.toml --list
[ "$(grep -c '^to do' out)" -eq 8 ] && pass || fail '2 variants x 2 datasets x 2 seeds' "$(cat out)"
absent 'listing trains nothing' runs
ok 'grid' "$truenext" grid grid.toml --quiet
grep -qv '^warning: ' err && fail '--quiet writes more than warnings' "$(head -n 3 err)" || pass
# Runs of an older version have no line for a key that is younger.
sed -i '/^activation = /d; /^num_heads = /d' runs/*/*/*/config.toml
ok 'older runs' "$truenext" grid grid.toml --list
[ "$(grep -c '^finished' out)" -eq 8 ] && pass || fail 'runs without a younger key' "$(cat out)"
ok 'the grid again' "$truenext" grid grid.toml --quiet
says 'table of means' '^\| dropout-0.1 \| 2 \| 0\.' out
says 'table of comparisons' '^\| dropout-0.1 \| hr@10 \| [+-]0\.' out
cmp -s out runs/table.md && pass || fail 'what is printed is table.md'
for run in base/data/seed-1 dropout-0.1/more/seed-2; do
  for file in model.safetensors test.json per_user.tsv; do
    [ -s runs/$run/$file ] && pass || fail "runs/$run/$file is missing"
  done
done
[ "$(grep -c . runs/table.csv)" -eq 9 ] && pass || fail '2 datasets x 2 variants x 2 metrics' "$(cat runs/table.csv)"
python3 -m json.tool runs/table.json >/dev/null && pass || fail 'table.json is JSON'
python3 - <<'END' && pass || fail 'the mean of the table is not the mean of the runs'
import json
table = json.load(open("runs/table.json"))["data"][0]["variants"][1]["metrics"]["ndcg@10"]["mean"]
runs = [json.load(open(f"runs/dropout-0.1/data/seed-{s}/test.json"))["metrics"]["ndcg@10"]["mean"] for s in (1, 2)]
assert abs(table - sum(runs) / 2) < 1e-12
END
ok 'the same by compare' "$truenext" compare --side base=runs/base/data --side other=runs/dropout-0.1/data --json
python3 - <<'END' && pass || fail 'table.json and compare differ'
import json
ours = json.load(open("runs/table.json"))["data"][0]["comparisons"]
theirs = json.load(open("out"))["comparisons"]
assert [c["p"] for c in ours] == [c["p"] for c in theirs] and len(ours) == 2
END

ok 'a second call' "$truenext" grid grid.toml --quiet
says 'does not open the test part again' '"times_evaluated": 1' runs/base/data/seed-1/test.json

plan tune.toml tuned 2
ok 'judged on the validation part' "$truenext" grid tune.toml --part valid --quiet
says 'the table says so' 'users, valid part' tuned/table_valid.md
absent 'the test part stays closed' tuned/base/data/seed-1/test.json
absent 'and there is no table of it' tuned/table.md
cp tuned/base/data/seed-1/model.safetensors before.safetensors
cp tuned/table_valid.json before.json
ok 'what was judged is finished' "$truenext" grid tune.toml --part valid --list
[ "$(grep -c '^finished' out)" -eq 8 ] && pass || fail 'judged again' "$(cat out)"
ok 'compared on the validation part' "$truenext" compare --part valid tuned/base/data/seed-1 tuned/dropout-0.1/data/seed-1 --json
cp out part.json
ok 'the same by the name of the result' "$truenext" compare --result valid tuned/base/data/seed-1 tuned/dropout-0.1/data/seed-1 --json
cmp -s out part.json && pass || fail '--part valid is not --result valid'
refuses 'both names' 1 'leave one of them out' "$truenext" compare --part valid --result test tuned/base/data/seed-1 tuned/dropout-0.1/data/seed-1
refuses 'not judged on the test part' 2 'no test.json' "$truenext" compare tuned/base/data/seed-1 tuned/dropout-0.1/data/seed-1
refuses 'not judged on the validation part' 2 'evaluate runs/base/data/seed-1 --part valid' \
  "$truenext" compare --part valid runs/base/data/seed-1 runs/dropout-0.1/data/seed-1
ok 'then once on the test part' "$truenext" grid tune.toml --quiet
says 'opened once' '"times_evaluated": 1' tuned/base/data/seed-1/test.json
cmp -s tuned/base/data/seed-1/model.safetensors before.safetensors && pass || fail 'judging changes the model'
cmp -s tuned/table_valid.json before.json && pass || fail 'the test changes the table of the validation part'
sed 's/^seeds/part = "valid"\nseeds/' tune.toml >said.toml
ok 'the file says the part' "$truenext" grid said.toml --list
[ "$(grep -c '^finished' out)" -eq 8 ] && pass || fail 'part = "valid" in the file' "$(cat out)"
sed 's/^seeds/part = "train"\nseeds/' tune.toml >wrong.toml
refuses 'no such part' 1 'wrong.toml:4: part = "train" is unknown; want one of test, valid' "$truenext" grid wrong.toml

plan whole.toml whole 200
plan parts.toml parts 200
ok 'without a stop' "$truenext" grid whole.toml --quiet
"$truenext" grid parts.toml --quiet >/dev/null 2>stopped.err &
child=$!
for _ in $(seq 1200); do [ -s parts/base/more/seed-1/checkpoint/last.safetensors ] && break; sleep 0.05; done
kill -INT $child
wait $child
[ $? -eq 3 ] && pass || fail 'Ctrl-C exits with 3' "$(cat stopped.err)"
says 'and says how to go on' 'continue with: truenext grid parts.toml' stopped.err
ok 'states after a stop' "$truenext" grid parts.toml --list
says 'finished' '^finished +parts/base/data/seed-1' out
says 'begun' '^begun +parts/' out
says 'to do' '^to do +parts/dropout-0.1/more/seed-2' out
ok 'going on' "$truenext" grid parts.toml --quiet
for run in base/data/seed-1 base/more/seed-1 dropout-0.1/more/seed-2; do
  for grid in whole parts; do "$truenext" export $grid/$run --out $grid.weights --quiet >/dev/null; done
  cmp -s whole.weights parts.weights && pass || fail "a stop changes the bits of $run"
done

sed 's/^train.epochs = 3$/train.epochs = 4/' grid.toml >changed.toml
cp runs/table.json table.before
refuses 'a folder of other configurations' 2 'another configuration' "$truenext" grid changed.toml --quiet
cmp -s runs/table.json table.before && pass || fail 'failures alone take the place of the table'
printf '[[variant]]\nname = "greedy"\nobjective.negatives = 1000\n' | cat grid.toml - >greedy.toml
refuses 'one failing variant' 2 '4 of 12 runs failed' "$truenext" grid greedy.toml --quiet
says 'the failure is in the table' 'greedy/data/seed-1: .*negatives' runs/table.md
says 'and so is the rest' '^\| dropout-0.1 \| 2 \|' runs/table.md
plan next.toml next 1
printf '[[variant]]\nname = "next"\ntrain.init_from = "whole/base/data/seed-1"\n' >>next.toml
ok 'a variant that starts from given weights' "$truenext" grid next.toml --quiet
ok 'and again' "$truenext" grid next.toml --list
[ "$(grep -c '^finished' out)" -eq 12 ] && pass || fail 'it is known to be done' "$(cat out)"

sed 's/^\[grid\]$/&\nobjective.gbce_t = [0.5, 0.7]/; s/^objective.negatives/objective.criterion = "bce"\n&/' tune.toml >unread.toml
refuses 'values that nothing reads' 1 '\[grid\] objective.gbce_t: nothing reads it' "$truenext" grid unread.toml
sed 's/^train.epochs/watch.parts = "both"\n&/' tune.toml >watched.toml
refuses 'the test part watched while tuning' 1 'watch.parts = "both" opens the test part' "$truenext" grid watched.toml --part valid
cp -r data moved
sed '/^seeds/d; /^metrics/d; s|^data = .*|seeds = [1, 2]\nmetrics = "ndcg@10,hr@10"\n[data]\ndata = "./moved"\nmore = "./more"|' tune.toml >moved.toml
ok 'data that have moved' "$truenext" grid moved.toml --list
[ "$(grep -c '^finished' out)" -eq 8 ] && pass || fail 'moved data are the same data' "$(cat out)"
sed 's|^data = "./moved"|data = "more"|' moved.toml >other.toml
refuses 'other data under the same name' 2 'holds a run on other data than more' "$truenext" grid other.toml --list
rm tuned/base/data/seed-1/test.json
ok 'judged where the data are now' "$truenext" grid moved.toml --quiet
says 'and says so' '^path = .*\./moved' tuned/base/data/seed-1/config.toml
if command -v flock >/dev/null; then
  exec 9>>tuned/.lock && flock -n 9
  refuses 'one grid at a time' 2 'tuned: another process is at work in this folder' "$truenext" grid tune.toml
  exec 9>&-
fi
printf '[[variant]]\nname = "typo"\nmodel.dropuot = 0.1\n' | cat grid.toml - >typo.toml
refuses 'a wrong key' 1 'variant typo: unknown key model.dropuot; did you mean model.dropout' "$truenext" grid typo.toml
refuses 'no file' 2 'none.toml' "$truenext" grid none.toml
small_grid auto chosen '["data", "more"]' 'model.hidden_size = 16' >auto.toml
ok 'a preset for each dataset' "$truenext" grid auto.toml --part valid --quiet
says 'why stands in the run' '^preset = .auto: sasrec-shop \(short histories' chosen/chosen/more/seed-1/config.toml
says 'with what the data call for' '^batch_size = 16$' chosen/chosen/data/seed-1/config.toml
finish
