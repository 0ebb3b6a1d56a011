#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Models that are told times: what they are asked with, what every output says, what is refused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# A ring of 30 items: after a short gap the next one, after a day the one over there.
python3 - >log.csv <<'EOT'
import random
random.seed(5)
print("user,item,time")
for user in range(120):
    time, item = 1_600_000_000 + user, random.randrange(30)
    for _ in range(14):
        print(f"u{user},{item},{time}")
        far = random.random() < 0.5
        time += 86_400 if far else 4
        item = (item + (11 if far else 1)) % 30
EOT
ok 'prepare' "$truenext" prepare log.csv --out data
cut -d, -f1,2 log.csv | sed 's/user,item/user item/; s/,/ /' >pairs.txt
sed -i 1d pairs.txt
ok 'prepare without times' "$truenext" prepare pairs.txt --format pairs --out untimed
small=(--preset sasrec-cce --set train.batch_size=32 --set model.max_length=12 --set train.learning_rate=0.01
  --set train.epochs=60 --set train.patience=0 --set model.hidden_size=32 --set model.dropout=0.1 --set train.valid_every=20)
ok 'train on ids' "$truenext" train --data data --run ids "${small[@]}"
ok 'a run in JSON' "$truenext" train --data data --run json "${small[@]}" --set train.epochs=1 --set model.time=request \
  --set watch.parts=valid --json
says 'says so' '"request_time": "known"' out
says 'so do lines of what is watched' 'valid .*\(request time known\)' err
says 'and tags' 'valid \(request time known\)/ndcg' json/events.out.tfevents.truenext
ok 'train on times' "$truenext" train --data data --run past "${small[@]}" --set model.time=past
says 'the start says so' 'times of the history \(attention\)' err
ok 'train on request times' "$truenext" train --data data --run told "${small[@]}" --set model.time=request \
  --set model.time_form=input+attention
says 'the start says so' 'history and request, request time known \(input\+attention\)' err
ok 'train a recurrent network' "$truenext" train --data data --run gru "${small[@]}" --set model.name=gru4rec \
  --set model.time=request
refuses 'no times in the data' 2 'has no times' "$truenext" train --data untimed --run no "${small[@]}" --set model.time=past
refuses 'another network' 1 'nextitnet is told no times' "$truenext" train --data data --run no "${small[@]}" \
  --set model.name=nextitnet --set model.time=past
refuses 'no attention' 1 'model.time_form' "$truenext" train --data data --run no "${small[@]}" --set model.name=gru4rec \
  --set model.time=past --set model.time_form=attention
refuses 'a word' 1 'model.time' "$truenext" train --data data --run no "${small[@]}" --set model.time=future
absent 'nothing was begun' no/model.safetensors

for run in ids past told gru; do ok "evaluate $run" "$truenext" evaluate $run --quiet; done
says 'the result says so' '"request_time": "known"' told/test.json
says 'so does its model' '"validation": ".*, request time known"' told/test.json
for run in ids past; do
  if grep -q 'request_time\|request time' $run/test.json; then fail "$run claims a request time"; else pass; fi
done
ok 'evaluate in words' "$truenext" evaluate told
says 'words say so' '^request time known$' out
says 'so does its log' '"valid":.*"request_time":"known"' told/metrics.jsonl
ok 'a TREC run' "$truenext" evaluate told --trec-run told.trec
says 'is tagged' ' sasrec-request-time-known$' told.trec
ok 'calibrate' "$truenext" calibrate told
says 'says so' '^request time known$' out
says 'in its file' '"request_time": "known"' told/calibration.json
ok 'probabilities' "$truenext" recommend told --user u3 --at now --probabilities
ok 'calibrate past' "$truenext" calibrate past --json
if grep -q request_time out; then fail 'past claims a request time'; else pass; fi
ok 'stability' "$truenext" stability ids told
says 'says so' '^request time known$' out
ok 'stability in JSON' "$truenext" stability told gru --json
says 'says so' '"request_time": "known"' out
ok 'bench' "$truenext" bench recommend --model told --data data --steps 5
ok 'bench of random weights' "$truenext" bench evaluate --preset sasrec-cce --set model.time=request --users 50 --items 40 --events 10 --steps 1
ok 'evaluate in JSON' "$truenext" evaluate told --json
says 'JSON says so' '"request_time": "known"' out
ok 'an ensemble with it' "$truenext" evaluate ids told --ensemble mean-probability --out both
says 'says so too' '"request_time": "known"' both/test.json
ok 'knowing the time helps' python3 - <<'EOT'
import json
best = lambda run: json.load(open(run + "/test.json"))["metrics"]["recall@1"]["mean"]
values = {run: best(run) for run in ("ids", "told")}
assert values["told"] > values["ids"] + 0.15, values
EOT

refuses 'compare' 2 'stronger protocol' "$truenext" compare ids told
says 'and says which' 'the second was told' err
refuses 'compare the other way' 2 'the first was told' "$truenext" compare told past
ok 'compare with its like' "$truenext" compare told gru
says 'it is named' 'A = told \(request time known\)' out
ok 'compare where told to' "$truenext" compare ids told --mix-request-times
says 'it is named there' 'B = told \(request time known\) \(1 run\)' out
ok 'and in JSON' "$truenext" compare ids told --mix-request-times --json
says 'its side says so' '"request_time": "known"' out
ok 'and in CSV' "$truenext" compare ids told --mix-request-times --csv table.csv
says 'its line says so' 'told \(request time known\)' table.csv
printf 'data = "data"\nout = "grid"\nseeds = [1]\npreset = "sasrec-cce"\n[[variant]]\nname = "a"\n[[variant]]\nname = "b"\nmodel.time = "request"\n' >mixed.toml
refuses 'a grid of both' 1 'two protocols' "$truenext" grid mixed.toml

ok 'recommend to a user' "$truenext" recommend told --user u3 --at now --json
says 'says so' '"request_time":\{"known":true,"at":[0-9]+\}' out
newest=$(grep '^u3,' log.csv | tail -1 | cut -d, -f3)
for gap in 4 86400; do
  ok "recommend after $gap s" "$truenext" recommend told --user u3 --at $((newest + gap)) -k 3 --json
  says 'in the log' "request time known: items asked for at $((newest + gap))" err
  cp out list$gap
done
if cmp -s list4 list86400; then fail 'the time of the request makes no difference'; else pass; fi
history=$(grep '^u3,' log.csv | cut -d, -f2 | paste -sd,)
times=$(grep '^u3,' log.csv | cut -d, -f3 | paste -sd,)
ok 'the same by hand' "$truenext" recommend told --history "$history" --times "$times" --at $((newest + 4)) -k 3 --json
cmp -s out list4 && pass || fail 'a history given by hand is answered otherwise'
ok 'a date' "$truenext" recommend told --user u3 --at 2030-01-02T10:00:00Z --quiet
says 'a table says so' '^request time known$' out
ok 'lists of all' "$truenext" recommend told --all-users --at $((newest + 900000)) --out lists.csv
says 'with a column' '^user,rank,item,score,method$' lists.csv
says 'that says so' ',request time known$' lists.csv
ok 'one that is told the history' "$truenext" recommend past --user u3 --json
if grep -q request_time out; then fail 'past claims a request time'; else pass; fi
ok 'by hand' "$truenext" recommend past --history "$history" --times "$times"
ok 'lists of all of it' "$truenext" recommend past --all-users --out past.csv
ok 'items alike' "$truenext" similar told --item 3
refuses 'no time' 1 '--at TIME, or --at now' "$truenext" recommend told --user u3
refuses 'a time for none' 1 'model is told no time' "$truenext" recommend ids --user u3 --at now
refuses 'a time for past' 1 'model is told no time of the request' "$truenext" recommend past --user u3 --at now
refuses 'no time at all' 1 '--at soon: the time is' "$truenext" recommend told --user u3 --at soon
refuses 'before its events' 1 'before the newest event' "$truenext" recommend told --user u3 --at $((newest - 1))
# The newest event counts, wherever it stands and whether or not the model knows its item.
refuses 'before an unknown one' 1 'before the newest event' "$truenext" recommend told --history '1,nothing' --times '5, 60' --at 6
ok 'times have spaces as ids do' "$truenext" recommend told --history '1, 2' --times '5, 60' --at 60
{ echo user,item,time; printf 'u3,1,500\nu3,2,400\nu3,4,300\nu3,5,200\n'; grep -v '^u3,' log.csv | sed 1d; } >back.csv
ok 'data in the order of the file' "$truenext" prepare back.csv --order file --out back
refuses 'before what stands earlier' 1 'before the newest event' "$truenext" recommend told --user u3 --data back --at 450
refuses 'another unit' 1 'milliseconds perhaps' "$truenext" recommend told --history 1 --times 1600000000000 --at now
refuses 'before events of some' 1 'before the newest event' "$truenext" recommend told --all-users --at 1600000010 --out x.csv
absent 'no lists' x.csv
refuses 'a history without times' 1 '--times' "$truenext" recommend past --history "$history"
refuses 'an empty history' 1 '--times' "$truenext" recommend past --history ''
refuses 'too few times' 1 '2 times for a history of 3' "$truenext" recommend past --history 1,2,3 --times 5,6
refuses 'times that go back' 1 'oldest first' "$truenext" recommend past --history 1,2 --times 6,5
refuses 'times for none' 1 'told no times' "$truenext" recommend ids --history 1,2 --times 5,6
refuses 'times of a user' 1 '--times goes with --history' "$truenext" recommend past --user u3 --times 5
refuses 'a pipe' 1 'lines have no times' "$truenext" recommend past --stdin <<<'1,2'
refuses 'users without times' 2 'has no times' "$truenext" recommend past --user u3 --data untimed
refuses 'data without times' 2 'has no times|fingerprint' "$truenext" evaluate past --data untimed --allow-other-data
refuses 'another layout' 1 'model.time' "$truenext" export past --names gsasrec --out x.safetensors
ok 'its own layout' "$truenext" export past --out own.safetensors
ok 'a teacher' "$truenext" train --data data --run student "${small[@]}" --set train.epochs=2 --teacher told \
  --set objective.label_share=0.5
says 'which is named in the report' 'told \(request time known\)' student/stages.json
ok 'whose student is told nothing' "$truenext" evaluate student --quiet
if grep -q 'request.time' student/test.json; then fail 'a student claims a request time'; else pass; fi
refuses 'a teacher without times' 2 'has no times' "$truenext" train --data untimed --run no "${small[@]}" --teacher past \
  --set objective.label_share=0.5
ok 'noise by it' "$truenext" noise data --score past --out noise.tsv
ok 'noise by one that is told' "$truenext" noise data --score told --out noise.tsv
says 'says so' '^request time known$' out
if [ -e "$(dirname "$truenext")/lib/libtruenext_serve.so" ]; then
  refuses 'a server' 2 'tells models no times' timeout 60 "$truenext" serve past --check-config
fi

printf 'u3\nu7\nu9\nnobody\n' >some.txt
ok 'some users' "$truenext" evaluate ids --users some.txt --json
says 'three of them' '"users": 3' out
says 'it is named' '"users_file": "some.txt"' out
says 'unknown ones are said' 'nobody' err
result=$(basename ids/test_users-*.json .json)
ok 'the other run' "$truenext" evaluate past --users some.txt
says 'words say so' 'users of some.txt alone' out
ok 'compare on these' "$truenext" compare ids past --result "$result"
says 'three users' '^3 users' out
echo nobody >none.txt
refuses 'no user' 2 'is a user of' "$truenext" evaluate ids --users none.txt
refuses 'no file' 2 'gone.txt' "$truenext" evaluate ids --users gone.txt
finish
