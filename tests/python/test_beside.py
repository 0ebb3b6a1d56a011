# SPDX-License-Identifier: Apache-2.0
"""What benchmarks/python gives to every system, and what it makes of the measurements. RecTools and RePlay are not
needed here."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

pandas = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "python"
if not BENCHMARKS.is_dir():
    pytest.skip("a source archive without benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import frames
import sasrec_section


def frame(users: int = 40, events: int = 8) -> "pandas.DataFrame":
    """Everybody goes round the same twelve items, from a place of his own."""
    rows = [(f"u{user}", f"i{(user + event) % 12}", event) for user in range(users) for event in range(events)]
    table = pandas.DataFrame(rows, columns=["user_id", "item_id", "datetime"])
    table["datetime"] = pandas.to_datetime(table["datetime"], unit="s")
    return table


def test_published_files_give_the_same_frame(tmp_path):
    (tmp_path / "pairs.txt").write_text("1 7\n1 9\n2 9\n", encoding="utf-8")
    (tmp_path / "sequences.txt").write_text("1 7 9\n2 9\n", encoding="utf-8")
    (tmp_path / "ratings.dat").write_text("1::9::5::60\n2::9::5::70\n1::7::4::50\n", encoding="utf-8")
    found = [
        frames.ordered(frames.published_frame(tmp_path / name), 0, 1)
        for name in ("pairs.txt", "sequences.txt", "ratings.dat")
    ]
    for table in found:
        assert table[["user_id", "item_id"]].values.tolist() == [[1, 7], [1, 9], [2, 9]]
        assert table["datetime"].is_monotonic_increasing


def test_nobody_is_given_the_newest_event():
    table = pandas.concat([frame(3, 4), pandas.DataFrame(
        [("single", "i1", pandas.Timestamp("2000-01-01"))], columns=frames.COLUMNS)])
    train, test = frames.leave_last(frames.ordered(table, 0, 1))
    assert test["item_id"].tolist() == ["i3", "i4", "i5"]
    assert train.groupby("user_id").size().tolist() == [3, 3, 3]
    assert "single" not in set(train["user_id"]) | set(test["user_id"])
    assert frames.trained_positions(train, 50) == 6
    assert frames.trained_positions(train, 1) == 3


def test_a_sample_has_whole_users():
    table = frames.ordered(frame(), 5, 1)
    assert table.groupby("user_id").size().tolist() == [8] * 5


def test_ours_is_trained_and_judged(tmp_path):
    frame().to_parquet(tmp_path / "events.parquet")
    subprocess.run(
        [sys.executable, str(BENCHMARKS / "sasrec_beside.py"), "--frame", str(tmp_path / "events.parquet"),
         "--systems", "truenext", "--epochs", "60", "--batch-size", "8", "--dropout", "0.1", "--rounds", "2",
         "--hidden-size", "16", "--max-length", "7", "--truenext", os.environ["TRUENEXT_PROGRAM"],
         "--json", str(tmp_path / "result.json")],
        check=True, capture_output=True, text=True)
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["data"]["positions"] == 40 * 6
    assert [run["seed"] for run in result["runs"]] == [42, 43]
    for run in result["runs"]:
        # The next item of the round stands first, and nobody has had it already.
        assert run["ndcg"]["truenext"] > 0.9
        assert run["cpu_fit"] > 0 and run["peak"] >= run["peak_start"] > 0


def test_ratios_are_within_a_round():
    def run(system, number, seconds):
        return {"system": system, "round": number, "cpu_fit": seconds}

    result = {"runs": [run("truenext", 0, 1.0), run("rectools", 0, 6.0), run("truenext", 1, 2.0),
                       run("rectools", 1, 16.0), run("replay", 1, 7.0)]}
    assert sasrec_section.ratios(result, "rectools") == [6.0, 8.0]
    assert sasrec_section.ratios(result, "replay") == [3.5]


def test_noise_is_that_of_users_who_are_right_or_wrong():
    runs = [{"ndcg": {"truenext": 0.5}}, {"ndcg": {"truenext": 0.1}}]
    assert sasrec_section.noise({"runs": runs, "data": {"users": 100}}) == pytest.approx(1.96 * 0.05)
