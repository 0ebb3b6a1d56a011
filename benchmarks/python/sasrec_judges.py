# SPDX-License-Identifier: Apache-2.0
"""NDCG@10 of the same lists by three judges. Each takes lists (raw ids by user, best first), the held-out events
as a frame, and the dataset folder of ours."""

import json
import pathlib
import subprocess

import pandas

TOP = 10
METRIC = f"ndcg@{TOP}"


def rows_of(lists):
    rows = [(user, item, rank) for user, items in lists.items() for rank, item in enumerate(items, 1)]
    return pandas.DataFrame(rows, columns=["user_id", "item_id", "rank"])


def rectools_judge(lists, held_out, command, data, folder):
    from rectools.metrics import NDCG

    # Without divide_by_achievable a hit at rank 1 counts 0.22: the divisor is that of ten relevant items.
    return float(NDCG(k=TOP, divide_by_achievable=True).calc(rows_of(lists), held_out))


def replay_judge(lists, held_out, command, data, folder):
    from replay.metrics import NDCG

    rows = rows_of(lists)
    rows["rating"] = -rows["rank"].astype("float64")
    metric = NDCG(TOP, query_column="user_id", item_column="item_id", rating_column="rating")
    return float(next(iter(metric(rows, held_out).values())))


def truenext_judge(lists, held_out, command, data, folder):
    path = pathlib.Path(folder, "lists.tsv")
    lines = (f"{user}\t{' '.join(items)}\n" for user, items in lists.items())
    path.write_text("".join(lines), encoding="utf-8")
    report = subprocess.run([command, "evaluate", "--lists", str(path), "--data", str(data), "--metrics",
                             METRIC, "--baselines", "none", "--json", "--quiet"],
                            check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(json.loads(report)["metrics"][METRIC]["mean"])


JUDGES = {"rectools": rectools_judge, "replay": replay_judge, "truenext": truenext_judge}


def judge(lists, test, command, data, folder):
    """NDCG@10 by judge; None by one whose package is not installed."""
    held_out = test.astype({"user_id": "str", "item_id": "str"})
    found = {}
    for name, function in JUDGES.items():
        try:
            found[name] = function(lists, held_out, command, data, folder)
        except ImportError:
            found[name] = None
    known = [value for value in found.values() if value is not None]
    if max(known) - min(known) > 1e-6:
        raise SystemExit(f"the judges disagree: {found}; they did not judge the same lists")
    return found
