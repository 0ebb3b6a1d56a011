# SPDX-License-Identifier: Apache-2.0
"""Data, models and items that the measurements of the server are made with. Speed does not depend on what a model has
learned, so one epoch has to do; every item occurs, so that the catalogue has exactly the size that is asked for."""
import json
import pathlib
import subprocess

TAGGED = 100  # every so many-th item has the tag of the filter: 1 % is left


def command(truenext, *words):
    done = subprocess.run([truenext, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"truenext {' '.join(map(str, words))}: {done.returncode}\n{done.stderr}")
    return done.stdout


def make_model(truenext, folder, items, users, events):
    """Run and dataset of so many items, kept in `folder` for the next time."""
    folder = pathlib.Path(folder)
    data, run = folder / f"data-{items}", folder / f"run-{items}"
    if (run / "model.safetensors").exists():
        return run, data
    if users * events < items:
        raise SystemExit(f"{users} users with {events} events each do not meet {items} items")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"log-{items}.csv"
    with open(log, "w") as file:
        file.write("user,item,timestamp\n")
        for user in range(users):
            for event in range(events):
                item = (user * events + event) * 7919 % items  # 7919 shares no factor with these sizes
                file.write(f"{user},{item},{1600000000 + 60 * event + user}\n")
    command(truenext, "prepare", log, "--out", data, "--overwrite")
    command(truenext, "train", "--preset", "sasrec", "--data", data, "--run", run, "--overwrite", "--quiet", "--set",
            "model.hidden_size=64", "--set", "model.tie_embeddings=true", "--set", "train.epochs=1")
    log.unlink()
    return run, data


def make_items(folder, items):
    """A file for --items in which 1 % of the items have the tag "few"."""
    path = pathlib.Path(folder) / f"items-{items}.jsonl"
    if not path.exists():
        with open(path, "w") as file:
            for item in range(0, items, TAGGED):
                file.write(json.dumps({"item": str(item), "tags": ["few"]}) + "\n")
    return path
