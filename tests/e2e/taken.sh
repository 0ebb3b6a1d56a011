#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What prepare says that it took, in text and JSON, and what it says under --quiet.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

printf 'sessionId;userId;itemId;timeframe;eventdate\n' >views.csv
for day in 1 2 3 4; do printf '1;u;i%s;%s000;2016-05-0%s\n' $day $day $day; done >>views.csv
ok 'prepare' "$truenext" prepare views.csv --separator ';' --out views --quiet
says 'the format and why' '^  format +csv: the name ends in .csv' out
says 'the columns and their first row' \
  '^  columns, first row +user "userId" = u, item "itemId" = i1, time "eventdate" = 2016-05-01, no value' out
says 'what else would have fitted' '^  would fit too +user: "sessionId".*time: "timeframe"' out
says 'what was passed over' '^  passed over +columns "sessionId", "timeframe"' out
says 'the other user, though quiet' 'warning: .*--user-column sessionId' err
says 'the other time, though quiet' 'warning: .*--time-column timeframe' err

ok 'the same as JSON' "$truenext" prepare views.csv --separator ';' --out views2 --quiet --json
python3 - <<'PY' && pass || fail 'JSON holds what was taken'
import json
taken = json.load(open("out"))["taken"]
assert taken["why"] == "the name ends in .csv", taken
assert [c["name"] for c in taken["columns"]] == ["userId", "itemId", "eventdate"], taken
assert taken["unused_columns"] == ["sessionId", "timeframe"], taken
assert len(taken["also_fits"]) == 2, taken
assert json.load(open("views/dataset.json"))["report"]["taken"] == taken
PY

ok 'temporal split' "$truenext" prepare views.csv --separator ';' --out cut --split temporal \
  --valid-share 0.25 --test-share 0.25 --user-column userId --time-column timeframe
says 'prepare shows the cut times' '^  cut times +validation from 3000, test from 4000' out
ok 'describe' "$truenext" describe cut
says 'describe shows the cuts and shares' '^  test, 4000 and on +1 +25.00 % +1 +100.00 %' out
ok 'describe as JSON' "$truenext" describe cut --json
python3 - <<'PY' && pass || fail 'JSON holds the cuts'
import json
cut = json.load(open("out"))["temporal_cut"]
assert (cut["valid_time"], cut["test_time"]) == (3000, 4000), cut
assert cut["before"] == {"events": 2, "event_share": 0.5, "users": 1, "user_share": 1.0}, cut
PY

printf 'user,item\na,x\na,y\na,z\n' >plain.csv
ok 'no times' "$truenext" prepare plain.csv --out plain --quiet
says 'the split says what decides' 'split +leave-last.*no times: the order of the file decides' out
says 'and a warning, though quiet' 'warning: no column was found for the time' err

printf 'movieId,year,genres\nx,1999,a|b\ny,2000,a\nq,2001,c\n' >movies.csv
ok 'attributes' "$truenext" prepare plain.csv --out films --quiet --attributes movies.csv \
  --attribute-separator '|'
says 'the format of the attributes' '^  attributes from +csv: "," stands between the fields' out
says 'their columns and first row' '^    first row +item "movieId" = x, attribute "genres" = a, b' out
says 'how many there are' '^  attributes +2 +different ones, 1.00 an item, 2 at most' out
says 'items with them' '^  items with attributes +2 +of 3' out
says 'items without' '^  items without +1' out
says 'rows of unknown items' '^  rows of unknown items +1 +of 3 in the file' out
ok 'describe shows attributes' "$truenext" describe films
says 'describe says the same' '^    first row +item "movieId" = x, attribute "genres" = a, b' out
says 'and their fingerprint' '^  fingerprint of the attributes [0-9a-f]{32}$' out
ok 'a field taken whole' "$truenext" prepare plain.csv --out whole --quiet --attributes movies.csv
says 'is warned of, though quiet' "warning: .*--attribute-separator '[|]'" err
finish
