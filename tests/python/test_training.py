# SPDX-License-Identifier: Apache-2.0
"""Preparing, training, stopping, judging."""

import logging
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import truenext
from conftest import SETTINGS, command, command_json, in_new_process


def model_bytes(run) -> bytes:
    return (pathlib.Path(run) / "model.safetensors").read_bytes()


def test_prepare_is_that_of_the_command(folder, log, data):
    command("prepare", log, "--out", folder / "by_command")
    said = truenext.Dataset.open(folder / "by_command")
    assert said.fingerprint == data.fingerprint and said.split_fingerprint == data.split_fingerprint
    assert (data.num_users, data.num_items, data.num_events) == (60, 30, 540)
    assert data.report["dataset"] == data.path and said.report is None
    temporal = truenext.Dataset.prepare(log, folder / "temporal", split="temporal", min_item_events=2)
    assert temporal.split.startswith("temporal")


def test_training_is_that_of_the_command(folder, data, run):
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    command("train", "--data", data.path, "--run", folder / "by_command_run", "--seed", 7, *settings)
    assert model_bytes(folder / "by_command_run") == model_bytes(run)
    assert run.result["epochs"] == 4 and not run.stopped
    assert [line["epoch"] for line in run.history if "loss" in line] == [1, 2, 3, 4]
    assert "hidden_size = 8" in run.config


def test_presets_and_settings(folder, data):
    run = truenext.fit(data, run=folder / "gru", preset="gru4rec-ce", set={"train.epochs": 1, "model.gru_bias": True})
    assert run.model.info["network"] == "gru4rec" and "gru_bias = true" in run.config
    with pytest.raises(truenext.UsageError, match="hiden"):
        truenext.fit(data, run=folder / "none", set={"model.hiden_size": 8})
    with pytest.raises(truenext.UsageError, match="did you mean shard_tables"):
        truenext.fit(data, run=folder / "none", shard_table=True)
    with pytest.raises(truenext.UsageError, match="holds a run already"):
        truenext.fit(data, run=run)
    with pytest.raises(truenext.DataError, match="no such data"):
        truenext.fit(folder / "no such data", run=folder / "none")
    with pytest.raises(truenext.DataError, match="not a run folder"):
        truenext.Run(folder / "none")


def test_average_sample_and_blend(folder, data):
    settings = {
        **SETTINGS,
        "train.average": "ema",
        "train.average_decay": 0.9,
        "train.valid_sample": 20,
        "train.valid_full_every": 2,
        "model.attention_dropout": 0,
    }
    kinds = []
    run = truenext.fit(
        data,
        run=folder / "averaged",
        set=settings,
        store_counts=True,
        callbacks=[lambda event: kinds.append(event.kind)],
    )
    judged = [entry for entry in run.history if "valid" in entry]
    assert [entry["epoch"] for entry in judged] == [1, 3, 4]
    for entry in judged:
        assert entry["valid"]["ndcg@10"] == max(entry["by_weights"].values())
        assert entry["by_weights"][entry["weights"]] == entry["valid"]["ndcg@10"]
    assert [entry["users"] for entry in run.history if "valid_sample" in entry] == [20] * 4
    assert kinds.count("validation") == 3 and kinds.count("validation_sample") == 4
    assert run.result["weights"] in ("raw", "average")
    model = truenext.evaluate(run, baselines="none")
    hybrid = truenext.evaluate(run, baselines="none", blend="counts:0.2", out=str(folder / "hybrid"))
    assert hybrid.report["model"]["hybrid"] == {"counts": 0.2, "counts_from": "the model file"}
    assert "hybrid" not in model.report["model"]
    assert (model.name, hybrid.name) == ("model", "hybrid")
    assert repr(hybrid).startswith("hybrid: ndcg@10 ")
    assert set(hybrid.table["model"]) == {"hybrid"} and ">hybrid</td>" in hybrid._repr_html_()
    compared = truenext.compare([run, folder / "hybrid"])
    assert "hybrid (hybrid), ndcg@10" in repr(compared) and "hybrid (hybrid)" in compared._repr_html_()
    state = run.model.state_dict()
    assert not any(name.startswith("next_counts") for name in state)


def test_callbacks_hear_numbers(folder, data):
    events = []
    truenext.fit(data, run=folder / "heard", set=SETTINGS, callbacks=[events.append], threads=1)
    epochs = [event for event in events if event.kind == "epoch"]
    assert [event.epoch for event in epochs] == [1, 2, 3, 4]
    assert all(event.data["loss"] > 0 and event.run == str(folder / "heard") for event in epochs)
    assert {"validation", "checkpoint", "message"} <= {event.kind for event in events}


def test_a_callback_stops_and_resuming_gives_the_same_bits(folder, data, run):
    def after_two(event):
        return truenext.STOP if event.kind == "epoch" and event.epoch == 2 else None

    stopped = truenext.fit(data, run=folder / "stopped", set=SETTINGS, seed=7, callbacks=[after_two])
    assert stopped.stopped and stopped.result is None
    assert model_bytes(stopped) != model_bytes(run)
    resumed = truenext.fit(data, run=folder / "stopped", set=SETTINGS, seed=7, resume=True)
    assert not resumed.stopped and model_bytes(resumed) == model_bytes(run)
    for other in ({"set": {**SETTINGS, "model.hidden_size": 16}}, {"seed": 8}, {"preset": "sasrec-cce"}):
        with pytest.raises(truenext.UsageError, match="a run keeps its configuration"):
            truenext.fit(data, **{"set": SETTINGS, "seed": 7, **other}, run=folder / "stopped", resume=True)


@pytest.mark.parametrize("preset", ["auto", "csrec-pop", "gsasrec"])
def test_a_run_is_resumed_by_the_line_that_began_it(folder, data, preset):
    # What stands in the run is "auto: sasrec-shop (...)", "csrec-pop of sasrec-cce", "gsasrec".
    line = {"data": data, "run": folder / f"again-{preset}", "preset": preset, "set": {**SETTINGS, "train.epochs": 1}}
    first = truenext.fit(**line)
    again = truenext.fit(**line, resume=True)
    assert model_bytes(again) == model_bytes(first)
    with pytest.raises(truenext.UsageError, match="a run keeps its configuration"):
        truenext.fit(**{**line, "preset": "sasrec-bce"}, resume=True)


def test_an_exception_of_a_callback_goes_on_once_the_run_is_saved(folder, data, run):
    class Pruned(Exception):
        pass

    def prune(event):
        if event.kind == "validation" and event.epoch == 2:
            raise Pruned("no good")

    with pytest.raises(Pruned, match="no good") as caught:
        truenext.fit(data, run=folder / "pruned", set=SETTINGS, seed=7, callbacks=[prune])
    if sys.version_info >= (3, 11):
        assert "continue with" in caught.value.__notes__[0]
    assert model_bytes(truenext.fit(run=folder / "pruned", resume=True)) == model_bytes(run)


CTRL_C = """
import sys, time, truenext
data, run = sys.argv[1:3]
settings = {"model.hidden_size": 8, "model.max_length": 8, "train.epochs": 1000000, "train.patience": 0,
            "train.batch_size": 16, "objective.negatives": 5}
def say(event):
    if event.kind == "epoch":
        print("epoch", event.epoch, flush=True)
try:
    truenext.fit(data, run=run, set=settings, seed=7, callbacks=[say])
except KeyboardInterrupt as error:
    print("interrupted", getattr(error, "__notes__", ["continue with"])[0], flush=True)
"""


def test_ctrl_c_saves_and_resuming_gives_the_same_bits(folder, data):
    """The same number of epochs in one piece, and with Ctrl-C in between."""
    with subprocess.Popen(
        [sys.executable, "-c", CTRL_C, data.path, str(folder / "interrupted")], stdout=subprocess.PIPE, text=True
    ) as child:
        for line in child.stdout:
            if line == "epoch 3\n":
                break
        begin = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = child.stdout.read()
        assert child.wait(60) == 0
    assert "interrupted" in said and "continue with" in said, said
    assert time.monotonic() - begin < 20  # a second, on a machine that has time
    made = [line["epoch"] for line in truenext.Run(folder / "interrupted").history if "loss" in line][-1]
    settings = {**SETTINGS, "train.epochs": made + 2, "train.patience": 0}
    resumed = truenext.fit(run=folder / "interrupted", resume=True, set={"train.epochs": made + 2})
    whole = truenext.fit(data, run=folder / "uninterrupted", set=settings, seed=7)
    # The files may differ in the number of epochs that the run was to have when its best model was written.
    assert np.array_equal(resumed.model.item_table, whole.model.item_table)
    histories = [[f"i{number}", f"i{number + 1}"] for number in range(29)]
    assert np.array_equal(resumed.model.encode(histories), whole.model.encode(histories))


IMPATIENT = """
import signal, sys, truenext
data, run = sys.argv[1:3]
settings = {"model.hidden_size": 8, "model.max_length": 8, "train.epochs": 1000000, "train.patience": 0,
            "objective.negatives": 5}
def strike(number, frame):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, strike)
def arm(event):
    if event.kind == "epoch":
        signal.setitimer(signal.ITIMER_REAL, 0.00001, 0.003)
try:
    truenext.fit(data, run=run, set=settings, seed=7, callbacks=[arm])
except KeyboardInterrupt:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    print("interrupted", flush=True)
"""


def test_ctrl_c_twice_ends_the_process_whole(folder, data):
    """Python ends while the library may still be at work, which must not abort."""
    for number in range(10):
        done = subprocess.run(
            [sys.executable, "-c", IMPATIENT, data.path, str(folder / f"impatient-{number}")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )
        assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
        assert "terminate" not in done.stderr


def test_prepare_that_is_stopped_leaves_nothing(folder):
    big = folder / "big.csv"
    big.write_text("user,item,time\n" + "".join(f"{n % 5000},{n % 999},{n}\n" for n in range(400_000)))
    with pytest.raises(truenext.Interrupted):
        truenext.Dataset.prepare(big, folder / "half", callbacks=[lambda event: event.kind == "status"])
    assert not (folder / "half").exists()


def test_results_are_those_of_the_command(folder, data, run):
    judged = run.evaluate(metrics=["ndcg@10", "mrr"], max_users=20)
    said = command_json("evaluate", run.path, "--metrics", "ndcg@10,mrr", "--max-users", 20)
    assert judged["ndcg@10"].mean == said["metrics"]["ndcg@10"]["mean"]
    assert judged["mrr"].low <= judged["mrr"].mean <= judged["mrr"].high
    assert judged.beside["popularity"]["mrr"].mean == said["beside"]["popularity"]["mrr"]["mean"]
    with pytest.raises(KeyError, match="there are ndcg@10, mrr"):
        judged["recall@5"]
    assert "ndcg@10" in repr(judged)


def test_compare(folder, data, run):
    other = truenext.fit(data, run=folder / "other", set=SETTINGS, seed=8)
    run.evaluate(baselines="none")
    other.evaluate(baselines="none")
    found = truenext.compare({"a": run, "b": [other]}, metrics=["ndcg@10"], bootstrap=200)
    said = command_json(
        "compare", "--side", f"a={run.path}", "--side", f"b={other.path}", "--metrics", "ndcg@10", "--bootstrap", 200
    )
    assert found.rows == said["comparisons"]
    assert truenext.compare([run, other], metrics=["ndcg@10"], bootstrap=200).rows[0]["p"] == found.rows[0]["p"]
    with pytest.raises(truenext.UsageError, match="two runs or more"):
        truenext.compare([run])


def test_export(folder, run):
    said = truenext.export(run, folder / "weights.safetensors")
    assert said["tensors"] > 0 and (folder / "weights.safetensors").is_file()


def test_messages_go_to_logging(folder, data, caplog):
    with caplog.at_level(logging.INFO, logger="truenext"):
        truenext.fit(data, run=folder / "logged", set={**SETTINGS, "train.epochs": 1})
    assert any(record.name == "truenext" and record.levelno == logging.INFO for record in caplog.records)


def test_progress_writes_epochs(folder, data, capsys):
    truenext.fit(data, run=folder / "shown", set=SETTINGS, callbacks=[truenext.Progress()])
    assert "epoch 4" in capsys.readouterr().err


def test_nothing_is_printed(folder, data):
    done = in_new_process(
        "import sys, truenext; truenext.fit(sys.argv[1], run=sys.argv[2], set={'train.epochs': 1, 'objective.negatives': 5})",
        data.path,
        folder / "silent",
    )
    assert done.returncode == 0 and done.stdout == ""
