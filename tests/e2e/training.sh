#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prepare, train, evaluate, recommend, export, and the ways in which a run can be wrong.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small='--set model.hidden_size=16 --set model.max_length=20 --set objective.negatives=8 --set train.epochs=3 --set train.valid_every=1'
"$truenext" simulate --users 150 --items 40 --seed 7 --out log.csv 2>/dev/null
"$truenext" prepare log.csv --out data --min-user-events 5 >/dev/null 2>&1
"$truenext" prepare log.csv --out other --min-user-events 8 >/dev/null 2>&1

ok 'presets' "$truenext" train --presets
for preset in sasrec sasrec-ce gsasrec gru4rec-ce sasrec-cce sasrec-top1-max; do
  says "preset $preset" "^$preset " out
done
ok 'the published names of the relevance code' "$truenext" train --preset relevance-fixed --compat relevance-2023 \
  --loss_type pow2 --train-num-positives 3 --maxlen 50 --hidden_units 16 --num-epochs 2 --l2-emb 0.01 --show-config
for line in 'relevance = .power.' 'future_items = 3' 'max_length = 50' 'hidden_size = 16' 'epochs = 2' 'table_norm = 0.01' 'normalise = .original.'; do
  says "published name: $line" "^$line" out
done
refuses 'an option that the published code ignores' 1 'objective.negatives' "$truenext" train --preset relevance-fixed --train_num_negatives 5
refuses 'a negative factor of the norm' 1 'table_norm' "$truenext" train --preset relevance-fixed --l2_emb -1 --show-config
refuses 'a norm that is no number' 1 'table_norm' "$truenext" train --preset relevance-fixed --l2_emb nan --show-config
ok 'criteria' "$truenext" train --criteria
for criterion in bce softmax bpr-max top1; do says "criterion $criterion" "^| .$criterion. |" out; done
ok 'train' "$truenext" train --preset gsasrec --data data --run run $small --quiet
grep -qv '^warning: ' err && fail '--quiet writes more than warnings' "$(head -n 3 err)" || pass
for file in config.toml model.safetensors metrics.jsonl checkpoint/last.safetensors events.out.tfevents.truenext; do
  [ -s run/$file ] && pass || fail "run/$file is missing"
done
ok 'train with JSON' "$truenext" train --preset gru4rec-ce --data data --run gru --json \
  --set model.hidden_size=16 --set model.gru_hidden_size=16 --set train.epochs=2
python3 -m json.tool out >/dev/null && pass || fail 'train --json is JSON'

ok 'train on two threads' "$truenext" train --preset gsasrec --data data --run run2 $small --quiet --threads 2
cmp -s run/model.safetensors run2/model.safetensors && pass || fail 'threads change the bits'
ok 'train halfway' "$truenext" train --preset gsasrec --data data --run half $small --set train.epochs=1 --quiet
ok 'resume' "$truenext" train --resume half --set train.epochs=3 --quiet
for run in run half; do "$truenext" export $run --out $run.weights --quiet >/dev/null; done
cmp -s run.weights half.weights && pass || fail 'resuming changes the weights'

"$truenext" prepare log.csv --out unvalidated --min-user-events 5 --valid 0 >/dev/null 2>&1
ok 'train without validation' "$truenext" train --preset gsasrec --data unvalidated --run blind $small --set train.valid_every=2
[ "$(grep -c '^epoch [123]  loss' err)" -eq 3 ] && pass || fail 'one line for each epoch' "$(cat err)"
ok 'validate now and then' "$truenext" train --preset gsasrec --data data --run rare $small --set train.valid_every=2
[ "$(grep -c '^epoch [123]  loss' err)" -eq 3 ] && pass || fail 'one line for each epoch' "$(cat err)"

ok 'start from its weights' "$truenext" train --preset gsasrec --data data --run next $small --init-from run
says 'it says which' 'weights +from run .*epoch.*items by raw id, 0 new' err
says 'and the run remembers' '^init_fingerprint = .[0-9a-f]{32}' next/config.toml
ok 'the published name of it' "$truenext" train --preset relevance-fixed --state_dict_path run --show-config
says 'is train.init_from' '^init_from = .run.' out
refuses 'other shapes' 2 'position_embedding.weight is 20 x 16, but 10 x 16.*max_length=20' \
  "$truenext" train --preset gsasrec --data data --run misfit $small --set model.max_length=10 --init-from run
absent 'nothing of it is begun' misfit
refuses 'weights for a resumed run' 1 'train.init_from=run: a resumed run keeps its configuration' "$truenext" train --resume half --init-from run

# Pretraining: a stage inside the run.
awk -F, 'NR > 1 && !seen[$2]++ {print $2 ",g" NR % 5}' log.csv >attributes.csv
"$truenext" prepare log.csv --out tagged --min-user-events 5 --attributes attributes.csv --attribute-columns item,attribute >/dev/null 2>&1
pre='--set model.hidden_size=16 --set model.max_length=10 --set train.epochs=2 --set pretrain.epochs=2 --set pretrain.batch_size=400'
ok 'pretrain and train' "$truenext" train --preset s3-rec --data tagged --run s3 $pre
says 'it names the four losses' 'S3-Rec pretraining: 0.2 AAP . 1 MIP . 1 MAP . 0.5 SP' err
says 'the training starts from it' 'weights +from s3/pretraining/model.safetensors' err
for file in config.toml model.safetensors metrics.jsonl checkpoint/last.safetensors; do
  [ -s s3/pretraining/$file ] && pass || fail "s3/pretraining/$file is missing"
done
ok 'evaluate it' "$truenext" evaluate s3 --json
ok 'the stage is used again' "$truenext" train --preset s3-rec-bce --data tagged --run s3 $pre --overwrite
says 'it says so' 'pretraining was done' err
ok 'pretraining alone' "$truenext" train --preset sasrec-cce --data tagged --run alone --set train.task=pretraining \
  --set model.hidden_size=16 --set model.max_length=10 --set train.epochs=1
ok 'a start from it' "$truenext" train --preset s3-rec --data tagged --run after $pre --init-from alone
absent 'which takes the place of the stage' after/pretraining
refuses 'data without attributes' 2 'no item attributes.*--attributes FILE' "$truenext" train --preset s3-rec --data data --run bare $pre
absent 'nothing of it is begun' bare
refuses 'a pretrained file that is missing' 2 'nowhere: no such file' "$truenext" train --preset s3-rec --data tagged --run lost $pre --init-from nowhere
refuses 'what the training would refuse later' 1 'objective.negatives' \
  "$truenext" train --preset s3-rec-bce --data tagged --run late $pre --set objective.criterion=gbce --set objective.negatives=100000
absent 'before it is pretrained' late

refuses 'a device without its plug-in' 1 'nowhere.so is not there; build it with .scripts/setup --with-torch' \
  env TRUENEXT_TORCH_PLUGIN=nowhere.so "$truenext" train --preset gsasrec --data data --run no --device cuda
refuses 'evaluate there' 1 'scripts/setup --with-torch' env TRUENEXT_TORCH_PLUGIN=nowhere.so "$truenext" evaluate run --device cuda
absent 'nothing is begun' no
refuses 'recommend on a device' 1 'recommend computes on the CPU' "$truenext" recommend run --history 1 --device cuda

ok 'evaluate' "$truenext" evaluate run --metrics ndcg@10,recall@10
for row in popularity bigram; do says "evaluate shows $row" "$row" out; done
ok 'evaluate as JSON' "$truenext" evaluate run --json --per-user users.tsv --trec-run list.trec --trec-qrels qrels.trec
python3 -m json.tool out >/dev/null && pass || fail 'evaluate --json is JSON'
for file in users.tsv list.trec qrels.trec run/test.json; do
  [ -s $file ] && pass || fail "$file is missing"
done
ok 'evaluate the best achievable' "$truenext" evaluate run --truth log.truth
says 'best achievable row' 'best achievable' out

ok 'evaluate the other run' "$truenext" evaluate run2 --quiet
ok 'evaluate a different one' "$truenext" evaluate gru --quiet
ok 'compare' "$truenext" compare run run2 gru --margin 50% --csv pairs.csv --all-pairs
says 'equal bits show no difference' 'equivalent' out
says 'one run a side is said to be that' 'only the users are random' out
[ "$(grep -c . pairs.csv)" -eq 13 ] && pass || fail '3 pairs in 4 metrics' "$(cat pairs.csv)"
cp out first && ok 'compare again' "$truenext" compare run run2 gru --margin 50% --all-pairs --threads 1
cmp -s out first && pass || fail 'threads change the comparison'
ok 'compare seeds' "$truenext" compare --side a=run,run2 --side b=gru --metrics mrr --json
python3 -m json.tool out >/dev/null && pass || fail 'compare --json is JSON'
says 'seeds are random' '"random": "users and seeds"' out
refuses 'compare one run' 1 'two runs' "$truenext" compare run
refuses 'compare with itself' 1 'given twice|called run' "$truenext" compare run ./run
refuses 'compare what was not judged' 2 'not judged' "$truenext" compare run half
cp -r run ties && "$truenext" evaluate ties --ties ahead --quiet >/dev/null 2>&1
refuses 'a protocol has a result of its own' 2 'test_ties-ahead' "$truenext" compare ties half --result none
mv ties/test_ties-ahead.json ties/test.json && mv ties/per_user_ties-ahead.tsv ties/per_user.tsv
refuses 'compare other ties' 2 'protocol ties is "half".*"ahead"' "$truenext" compare run ties
sed -i '3s/\t[0-9.]*\t/\tnone\t/' ties/per_user.tsv
refuses 'a broken value' 2 'per_user\.tsv:3: ' "$truenext" compare ties run

ok 'recommend' "$truenext" recommend run --history "1,2,3" -k 5
[ "$(grep -c . out)" -ge 5 ] && pass || fail 'five items' "$(cat out)"
ok 'recommend from stdin' sh -c "printf '1,2\n3 4 5\n' | '$truenext' recommend run --stdin -k 3 --json"
[ "$(grep -c . out)" -eq 2 ] && pass || fail 'one JSON line for each history' "$(cat out)"
ok 'unknown items are skipped' "$truenext" recommend run --history "1,nonsense,3"
says 'and named' 'nonsense' err
refuses 'a history of unknown items' 2 'nonsense' "$truenext" recommend run --history "nonsense"
ok 'longer than the model sees' "$truenext" recommend run --include-seen \
  --history "$(seq -s, 1 40),$(seq -s, 1 40)"

ok 'a model moves' sh -c "mkdir -p elsewhere && cp run/model.safetensors elsewhere/m.safetensors"
ok 'and works there' "$truenext" recommend elsewhere/m.safetensors --history "1,2,3"
ok 'export' "$truenext" export run --names gsasrec --out weights.safetensors
[ -s weights.safetensors ] && pass || fail 'no weights'

refuses 'other data' 2 'fingerprint' "$truenext" evaluate run --data other
refuses 'no data' 1 '--data' "$truenext" train --preset gsasrec --run x
refuses 'unknown preset' 1 'did you mean gsasrec' "$truenext" train --preset gsasrek --data data --run x

# The dataset chooses: 150 users of `data`, few and with short histories.
ok 'a preset by the data' "$truenext" train --preset auto --data data --run chosen --set train.epochs=1
says 'what it is' 'preset auto: sasrec-shop .short histories' err
says 'and what else was chosen' 'model.max_length=50 .three quarters of the users' err
says 'kept on record' "^preset = 'auto: sasrec-shop .short histories" chosen/config.toml
ok 'what is set is not chosen' "$truenext" train --preset auto --data data --show-config --set model.max_length=7
if grep -q 'three quarters' out err; then fail 'a choice that was not made is told'; else pass; fi
says 'it holds' '^max_length = 7$' out
ok 'the name of Li et al.' "$truenext" train --preset gru4rec-cce --show-config
says 'is a preset' "^preset = .gru4rec-cce" out
says 'of their network' "^name = .gru4rec" out
refuses 'a compatibility of another network' 1 'is about sr-gnn' "$truenext" train --preset sasrec-cce --compat sr-gnn-2023 --show-config
ok 'settings of a student of counts' "$truenext" train --preset csrec-pop --data data --show-config --set student.train.epochs=3
says 'reach it' '^epochs = 3$' out
refuses 'which has no teacher' 1 'no stages of teachers' "$truenext" train --preset csrec-pop --data data --show-config \
  --set teacher.train.epochs=3
ok 'a student by the data' "$truenext" train --preset csrec-pop --student auto --data data --show-config
says 'and its record' 'csrec-pop of auto: sasrec-shop' out
refuses 'auto without data' 1 '--data' "$truenext" train --preset auto --run x
refuses 'auto for teachers' 1 'teachers begin as the student' "$truenext" train --preset csrec-m --teacher-preset auto \
  --data data --run x
refuses 'auto where nothing is looked at' 1 'looks at a dataset' "$truenext" bench epoch --preset auto

refuses 'unknown key' 1 'did you mean train.epochs' "$truenext" train --data data --run x --set train.epoch=3
printf '[model]\nhiden_size = 32\n' >bad.toml
refuses 'unknown key in a file' 1 'bad\.toml:2: unknown key model.hiden_size; did you mean model.hidden_size' \
  "$truenext" train --config bad.toml --data data --run x
refuses 'impossible heads' 1 'num_heads' "$truenext" train --preset gsasrec --data data --run x --set model.num_heads=3
refuses 'more negatives than items' 1 'negatives' "$truenext" train --preset gsasrec --data data --run x
refuses 'a run is there already' 1 'resume' "$truenext" train --preset gsasrec --data data --run run $small
refuses 'not a run' 2 'config.toml' "$truenext" train --resume data
absent 'a refused run leaves nothing' x/model.safetensors

"$truenext" train --preset gsasrec --data data --run stopped $small --set train.epochs=100000 \
  --set train.patience=0 --quiet >/dev/null 2>stopped.err &
child=$!
for _ in $(seq 600); do [ -s stopped/checkpoint/last.safetensors ] && break; sleep 0.1; done
kill -INT $child
wait $child
[ $? -eq 3 ] && pass || fail 'Ctrl-C exits with 3'
says 'and says how to resume' '--resume stopped' stopped.err
ok 'resume after Ctrl-C' "$truenext" train --resume stopped --set train.epochs=1 --quiet
finish
