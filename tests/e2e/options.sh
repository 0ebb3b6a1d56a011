#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the command says about its own keys: as text, JSON and as docs/options.md.
docs=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../docs
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok 'Markdown' "$truenext" options --markdown
cmp out "$docs/options.md" >difference 2>&1 && pass ||
  fail 'docs/options.md is not what truenext options --markdown prints; write it again' "$(cat difference)"
ok 'everything' "$truenext" options
says 'key and default' '^train\.epochs = 200$' out
says 'values' '^    constant \| linear \| cosine$' out
says 'readers' '^    read with network gru4rec, narm$' out
ok 'a section' "$truenext" options model
grep -qE '^(train|objective)\.' out && fail 'a section holds keys of others' "$(cat out)" || pass
ok 'a key' "$truenext" options objective.gbce_t
[ "$(grep -c ' = ' out)" -eq 2 ] && pass || fail 'one key, with its condition' "$(cat out)"
ok 'JSON' "$truenext" options --json
# Every key that --show-config writes is there, with the value of the default configuration.
"$truenext" train --show-config >config.toml
python3 - <<'END' && pass || fail 'JSON and configuration differ'
import json, tomllib
listed = {entry["key"]: entry for entry in json.load(open("out"))}
config = tomllib.load(open("config.toml", "rb"))
keys = [k for k, v in config.items() if not isinstance(v, dict)]
keys += [f"{s}.{k}" for s, t in config.items() if isinstance(t, dict) for k in t]
assert sorted(keys) == sorted(listed), set(keys) ^ set(listed)
assert listed["model.dropout"]["low"] == 0 and listed["model.dropout"]["high"] == 0.99
assert listed["train.epochs"]["high"] is None
assert listed["model.num_blocks"]["networks"] == ["sasrec", "nextitnet", "bert4rec"]
assert listed["objective.buckets"]["only_with"] == {"key": "objective.candidates", "values": ["buckets"]}
END
refuses 'a wrong key' 1 'did you mean train.epochs' "$truenext" options train.epoch
refuses 'a wrong section' 1 'sections are run, data, model' "$truenext" options whatever-this-is
refuses 'two forms at once' 1 'leave one out' "$truenext" options --markdown --json
finish
