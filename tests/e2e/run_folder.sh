#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A run folder: its lock, where it finds its data, and every way of resuming it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small='--preset gsasrec --set model.hidden_size=16 --set model.max_length=20 --set objective.negatives=8 --set train.batch_size=16'
short="$small --set train.epochs=2 --set train.valid_every=1"
"$truenext" simulate --users 150 --items 40 --seed 7 --out log.csv 2>/dev/null
"$truenext" prepare log.csv --out data/x --min-user-events 5 >/dev/null 2>&1

ok 'train' "$truenext" train --data data/x --run runs/a $short --quiet
ok 'train from another name of the data' "$truenext" train --data ./data/x --run runs/b $short --quiet
ok 'train from a third one' "$truenext" train --data "$PWD/data/../data/x" --run runs/c $short --quiet
for run in b c; do
  cmp -s runs/a/model.safetensors runs/$run/model.safetensors && pass || fail 'the name of the data is in the model'
done
absent 'the lock goes' runs/a/.lock
cp runs/a/model.safetensors first.model
ok 'start from weights' "$truenext" train --data data/x --run runs/d $short --init-from runs/a --quiet
ok 'by another name' "$truenext" train --data data/x --run runs/e $short --init-from ./runs/../runs/a --quiet
cmp -s runs/d/model.safetensors runs/e/model.safetensors && pass || fail 'the name of the start weights is in the model'

ok 'a finished run' "$truenext" train --resume runs/a --quiet
says 'says so' 'runs/a: this run had finished \(all its epochs were made\)' out
ok 'in JSON' "$truenext" train --resume runs/a --quiet --json
says 'too' '"had_finished": true' out
ok 'and goes on for more' "$truenext" train --resume runs/a --set train.epochs=3 --quiet
grep -q 'had finished' out && fail 'it was trained' || pass
ok 'no epochs' "$truenext" train --data data/x --run runs/none $small --set train.epochs=0
says 'no best value' 'no epoch was judged' out
grep -q -- '-1' out && fail 'a value of -1' "$(cat out)" || pass

mkdir moved && mv runs data moved/
ok 'run and data moved together' "$truenext" evaluate moved/runs/b --metrics ndcg@10
says 'and it says where' 'moved/data/x, where moved/runs/b/config.toml has it' err
ok 'and resume' "$truenext" train --resume moved/runs/b --set train.epochs=3 --quiet
mv moved/data elsewhere
refuses 'data that are nowhere' 2 'data/x: no such folder; moved/runs/b/config.toml names it.*--data FOLDER' "$truenext" evaluate moved/runs/b
refuses 'resume without data' 2 'config.toml names it.*--data FOLDER' "$truenext" train --resume moved/runs/c
ok 'with --data' "$truenext" train --resume moved/runs/c --data elsewhere/x --set train.epochs=3 --quiet
refuses 'no such data' 2 'nosuch: no such folder \(--data\)' "$truenext" train --data nosuch --run x $small
mv elsewhere data && mv moved/runs runs

mkdir -p early && sed '/^\[train\]/,/^\[/s/^epochs = .*/epochs = 2/' runs/c/config.toml >early/config.toml
sed -i '/^\[data\]/,/^\[/{s|^from_run.*|from_run = ""|; s|^path = .*|path = "data/x"|}' early/config.toml
refuses 'a run stopped before its first checkpoint' 1 'before its first checkpoint; begin it again as it was with --resume early' \
  "$truenext" train --data data/x --run early $short
ok 'begins again' "$truenext" train --resume early --quiet
says 'and says so' 'begins again, as it was configured' err
cmp -s early/model.safetensors first.model && pass || fail 'it is not the run that was begun'
rm -r early/checkpoint
refuses 'a model without checkpoint is not overwritten' 2 'no checkpoint to resume from.*--init-from early' "$truenext" train --resume early

"$truenext" train --data data/x --run long $small --set train.epochs=100000 --set train.patience=0 --quiet >/dev/null 2>&1 &
child=$!
for _ in $(seq 600); do [ -s long/checkpoint/last.safetensors ] && break; sleep 0.1; done
refuses 'train into it' 2 "process $child" "$truenext" train --data data/x --run long $short
refuses 'calibrate it' 2 "process $child" "$truenext" calibrate long --remove
refuses 'import into it' 2 "process $child" "$truenext" import w.safetensors --format gsasrec-pytorch --heads 1 --out long/model.safetensors
refuses 'overwrite it' 2 "another process is at work in this folder: process $child \(truenext train\) on .* since 2" \
  "$truenext" train --data data/x --run long $short --overwrite
refuses 'resume it' 2 "process $child" "$truenext" train --resume long
kill -KILL $child
wait $child 2>/dev/null
ok 'the lock of a dead process is taken over' "$truenext" train --resume long --set train.epochs=1
says 'and it says so' "left by process $child .* taken over" err

refuses 'train into what was stopped' 1 'holds a run already; continue it with --resume long' "$truenext" train --data data/x --run long $short

# What was measured with a model goes with it, and stays as long as it.
"$truenext" export runs/d --names gsasrec --out w.safetensors >/dev/null 2>&1
heads=$(sed -n 's/^num_heads = //p' runs/d/config.toml)
import="import w.safetensors --format gsasrec-pytorch --heads $heads"
ok 'evaluate' "$truenext" evaluate runs/d --metrics ndcg@10 --quiet
ok 'resume a finished run' "$truenext" train --resume runs/d
[ -e runs/d/test.json ] && pass || fail 'nothing was trained, but its results are gone'
ok 'replace it' "$truenext" train --data data/x --run runs/d $short --overwrite
says 'and its results' 'results of the model before are removed: .*test.json' err
absent 'a result of the model before' runs/d/test.json
absent 'its users' runs/d/per_user.tsv
refuses 'import over a run' 1 'there is a model already' "$truenext" $import --out runs/d
rm runs/d/model.safetensors
refuses 'import over a run without a model' 1 'a run that has no model yet.*--overwrite' "$truenext" $import --out runs/d
ok 'import in its place' "$truenext" $import --out runs/d --data data/x --overwrite
absent 'the checkpoint of the run before' runs/d/checkpoint
ok 'evaluate the import' "$truenext" evaluate runs/d --metrics ndcg@10 --quiet
ok 'import again' "$truenext" $import --out runs/d/model.safetensors --overwrite
absent 'a result of the import before' runs/d/test.json

refuses 'another seed' 1 '--seed 777: a resumed run keeps its seed, 42' "$truenext" train --resume runs/a --seed 777
ok 'the same seed' "$truenext" train --resume runs/a --seed 42 --quiet
refuses 'resume and overwrite' 1 '--overwrite: --resume runs/a continues' "$truenext" train --resume runs/a --overwrite

refuses 'too many threads' 1 'threads 5000: want 0 to 1024' "$truenext" train --data data/x --run x $short --threads 5000
(ulimit -v 3000000; refuses 'threads that cannot be started' 2 'thread [0-9]+ of 1000 cannot be started: .*--threads' \
  timeout 60 "$truenext" train --data data/x --run x $short --threads 1000; [ "$failed" -eq 0 ]) && pass || fail 'threads that cannot be started'
absent 'a refused run leaves nothing' x

ok 'an option that nothing reads' "$truenext" train --preset sasrec-ce --set objective.negatives=4 --show-config
says 'is named' 'warning: objective.negatives was set, but nothing reads it: objective.candidates is' err
ok 'one of another network' "$truenext" train --preset gru4rec-ce --set model.num_blocks=3 --show-config
says 'is named, too' 'warning: model.num_blocks was set.*sasrec, nextitnet, bert4rec read it' err
"$truenext" train --preset gru4rec-ce --show-config >gru.toml 2>err
[ -s err ] && fail 'a preset warns' "$(cat err)" || pass
ok 'a whole file' "$truenext" train --config gru.toml --show-config
[ -s err ] && fail 'what a file leaves as it was' "$(cat err)" || pass
ok 'few steps' "$truenext" train --preset gsasrec --data data/x --run few --set model.hidden_size=8 --set objective.negatives=4 --set train.epochs=1 --set train.batch_size=128 --quiet
says 'are warned of' 'warning: an epoch is 2 steps of 128 users, at most 2 steps in all' err
says 'and the end below popularity' 'ends no better than a list of the most popular items.*train.batch_size' err

# Rates that make scores of a thousand million: what float32 holds is no divergence.
for rate in 3 10; do
  ok "large scores, rate $rate" "$truenext" train --preset gsasrec --data data/x --run large$rate --set model.hidden_size=8 \
    --set train.epochs=20 --set train.learning_rate=$rate --set objective.negatives=4 --quiet
done
ok 'export of ids that are no row numbers' sh -c "sed 's/,\([0-9]*\),/,i\1,/' log.csv >named.csv &&
  '$truenext' prepare named.csv --out named --min-user-events 5 --quiet >/dev/null &&
  '$truenext' train --data named --run named.run $short --quiet >/dev/null && '$truenext' export named.run --names gsasrec --out w.safetensors"
says 'names their map' 'w.id_map.tsv: the item id of each row' out
says 'which has them' '^1	i' w.id_map.tsv
refuses 'a name that torch.load reads' 1 'safetensors.torch.load_file' "$truenext" export named.run --out w.pt
finish
