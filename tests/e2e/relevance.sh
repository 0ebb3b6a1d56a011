#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The work of somebody who comes from the code of Bacciu et al. 2023: several held-out items, its
# option names, a report of validation and test before the first epoch and after every one, values
# by user, its checkpoints in and out, and a training that starts from one.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 150 --items 40 --events 25 --seed 7 --out log.csv 2>/dev/null
ok 'prepare' "$truenext" prepare log.csv --out data_5 --valid 1 --test 5
options=(--preset relevance-fixed --compat relevance-2023 --data data_5 --loss_type pow2
  --train_num_positives 3 --maxlen 20 --hidden_units 16 --l2_emb 0.001 --batch_size 50)
ok 'train' "$truenext" train "${options[@]}" --run first --num_epochs 3 --set watch.parts=both --set watch.per_user=true
says 'a line before the first epoch' '^epoch 0  test  ndcg_prefix@5 0\.[0-9]+' err
says 'a line after the last' '^epoch 3  valid  .*  recall@20 .*  rls_jac@10 [01]\.[0-9]{4}$' err
stem=first/dump_metrics/sasrec.expid=data_5
for epoch in 0 1 2 3; do
  for part in valid test; do
    [ -s $stem.epoch=$epoch.npositive=3.nnegative=3.losstype=power.$part.json ] && pass || fail "$epoch $part: no values by user"
  done
done

metrics=ndcg_prefix@10,recall@10,ndcg_rel_prefix@10,rls_rbo@10,rls_jac@10
ok 'evaluate' "$truenext" evaluate first --candidates original --metrics $metrics --no-baselines --json
cp out judged
says 'it says that the test part was watched' 'was measured during the training' err
python3 - <<'END_OF_PYTHON' && pass || fail 'the last report and evaluate differ'
import json
judged = json.load(open("judged"))
assert judged["counts"]["watched_in_training"]
lines = [json.loads(line) for line in open("first/metrics.jsonl")]
last = [line for line in lines if line.get("watched") == "test"][-1]
assert last["epoch"] == 3 and last["candidates"] == "original"
for name, value in judged["metrics"].items():
    assert last["metrics"][name] == value["mean"], name
END_OF_PYTHON

ok 'export under its names' "$truenext" export first --names pmixer --out first.safetensors
ok 'import them' "$truenext" import first.safetensors --format sasrec-pytorch --heads 1 --data data_5 --out imported
ok 'evaluate what was imported' "$truenext" evaluate imported --candidates original --metrics $metrics --no-baselines --json
python3 - <<'END_OF_PYTHON' && pass || fail 'the imported model is judged otherwise'
import json
assert json.load(open("out"))["metrics"] == json.load(open("judged"))["metrics"]
END_OF_PYTHON
ok 'start from it' "$truenext" train "${options[@]}" --run second --num_epochs 1 --state_dict_path imported --set watch.parts=test
python3 - <<'END_OF_PYTHON' && pass || fail 'the second training does not begin where the first ended'
import json
first = json.loads([line for line in open("first/metrics.jsonl") if '"test"' in line][-1])
second = json.loads(next(line for line in open("second/metrics.jsonl") if '"test"' in line))
assert second["epoch"] == 0 and second["metrics"] == first["metrics"]
END_OF_PYTHON
finish
