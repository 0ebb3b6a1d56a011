# SPDX-License-Identifier: Apache-2.0
"""One system of sasrec_beside.py in a process of its own, so that CPU seconds and memory are its own: reads the
training frame, trains, makes the lists, and writes both and what they cost.

    sasrec_worker.py job.json
"""

import contextlib
import json
import pathlib
import resource
import sys

TOP = 10


def truenext_system(settings, folder):
    import truenext

    def fit(train):
        data = truenext.Dataset.from_frame(train, user="user_id", item="item_id", time="datetime", valid=0,
                                           test=0)
        # Block pmixer is the network of both others: the query alone is normed, inner width d, one table.
        options = {
            "model.block": "pmixer", "model.positions": "from-end", "model.init": "xavier-normal",
            "model.tie_embeddings": True, "model.hidden_size": settings["hidden_size"],
            "model.num_blocks": settings["blocks"], "model.num_heads": settings["heads"],
            "model.max_length": settings["max_length"], "model.dropout": settings["dropout"],
            "objective.criterion": "softmax", "objective.candidates": "full",
            "train.epochs": settings["epochs"], "train.batch_size": settings["batch_size"],
            "train.learning_rate": settings["learning_rate"], "train.beta2": settings["beta2"],
            "train.window": "newest", "train.schedule": "constant", "train.warmup_steps": 0,
        }
        run = truenext.fit(data, run=folder / "run", set=options, seed=settings["seed"], threads=1)
        return run.model

    def recommend(model, train):
        histories = train.groupby("user_id")["item_id"].agg(list)
        lists = model.recommend(histories, k=TOP, exclude_seen=True, threads=1)
        return {str(user): [item for item, _ in found] for user, found in zip(histories.index, lists.to_list())}

    return fit, recommend, truenext.__version__


def rectools_system(settings, folder):
    import rectools
    from pytorch_lightning import seed_everything
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    seed_everything(settings["seed"])
    model = SASRecModel(
        n_factors=settings["hidden_size"], n_blocks=settings["blocks"], n_heads=settings["heads"],
        session_max_len=settings["max_length"], dropout_rate=settings["dropout"], loss="softmax",
        batch_size=settings["batch_size"], lr=settings["learning_rate"], epochs=settings["epochs"],
        # As both others do; without it (the default) item vectors are not multiplied by sqrt(d).
        pos_encoding_kwargs={"use_scale_factor": settings["scale_vectors"]},
    )

    def fit(train):
        data = Dataset.construct(train.assign(weight=1))
        model.fit(data)
        return data

    def recommend(data, train):
        users = train["user_id"].unique()
        table = model.recommend(users, data, k=TOP, filter_viewed=True)
        return lists_of(table.sort_values(["user_id", "rank"]))

    return fit, recommend, rectools.__version__


def lists_of(table):
    """Rows of user_id and item_id, best first, as lists by user."""
    rows = table.groupby("user_id")["item_id"].agg(list)
    return {str(user): [str(item) for item in items] for user, items in rows.items()}


def replay_system(settings, folder):
    import importlib.metadata

    import sasrec_replay

    system = sasrec_replay.System(settings, folder, TOP)

    def recommend(fitted, train):
        return lists_of(system.recommend())

    return system.fit, recommend, importlib.metadata.version("replay-rec")


SYSTEMS = {"truenext": truenext_system, "rectools": rectools_system, "replay": replay_system}


def one_thread():
    with contextlib.suppress(ImportError):
        import pyarrow

        pyarrow.set_cpu_count(1)
        pyarrow.set_io_thread_count(1)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)


def cpu_seconds():
    """Of this process with all its threads, user and system, and of processes that it started and awaited."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_bytes():
    """Highest resident memory so far. ru_maxrss may be that of the process that started this one."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = pathlib.Path(job["folder"])
    import pandas

    fit, recommend, version = SYSTEMS[job["system"]](job["settings"], folder)
    one_thread()
    train = pandas.read_parquet(job["train"])
    result = {"version": version, "peak_start": peak_bytes()}
    begin = cpu_seconds()
    fitted = fit(train)
    after_fit = cpu_seconds()
    result |= {"cpu_start": begin, "cpu_fit": after_fit - begin, "peak_fit": peak_bytes()}
    lists = recommend(fitted, train)
    result |= {"cpu_lists": cpu_seconds() - after_fit, "peak": peak_bytes(), "lists": lists}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
