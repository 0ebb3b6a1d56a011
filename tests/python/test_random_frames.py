# SPDX-License-Identifier: Apache-2.0
"""Random rows through every producer of frames: the dataset of the same rows as a CSV file."""

import csv
import importlib
import pathlib

import pytest

import truenext

hypothesis = pytest.importorskip("hypothesis")
strategies = hypothesis.strategies

NEEDED = {"pandas": ("pandas", "pyarrow"), "polars": ("polars",), "pyarrow": ("pyarrow",), "duckdb": ("duckdb", "pyarrow")}


def frame_of(producer: str, columns: dict, categories: bool) -> tuple:
    """The columns as a frame, texts as categories if asked for, behind what must live as long."""
    module = importlib.import_module(producer)
    texts = [name for name, values in columns.items() if isinstance(values[0], str)]
    if producer in ("pyarrow", "duckdb"):
        pyarrow = importlib.import_module("pyarrow")
        arrays = {name: pyarrow.array(values) for name, values in columns.items()}
        if categories:
            arrays |= {name: arrays[name].dictionary_encode() for name in texts}
        table = pyarrow.table(arrays)
        if producer == "pyarrow":
            return None, pyarrow.concat_tables([table.slice(0, 3), table.slice(3)])  # two batches
        connection = module.connect()
        connection.register("events", table)
        return connection, connection.sql("from events")
    frame = module.DataFrame(columns)
    if categories and producer == "pandas":
        frame = frame.astype({name: "category" for name in texts})
    elif categories:
        frame = frame.with_columns(module.col(name).cast(module.Categorical) for name in texts)
    return None, frame


def ids() -> object:
    """Texts with what needs quotes, blanks around it or more than a view holds; or whole numbers. No missing words."""
    letters = strategies.text(alphabet="abcxyz019 ,\"\n#%äß漢", min_size=1, max_size=20)
    texts = letters.filter(lambda text: text.strip(" \t\n") != "" and "\n" not in text[:1] + text[-1:])
    numbers = strategies.integers(-(2**63), 2**63 - 1)
    few = strategies.integers(0, 5)
    return strategies.one_of(*(strategies.lists(kind, min_size=1, max_size=6) for kind in (texts, numbers, few)))


@strategies.composite
def tables(draw) -> dict:
    """Columns user, item and time of one to forty rows."""
    users, items = draw(ids()), draw(ids())
    rows = draw(strategies.integers(1, 40))

    def column(values):
        return draw(strategies.lists(values, min_size=rows, max_size=rows))

    return {
        "user": column(strategies.sampled_from(users)),
        "item": column(strategies.sampled_from(items)),
        "time": column(strategies.integers(-(2**40), 2**61)),
    }


@pytest.mark.parametrize("producer", NEEDED)
@hypothesis.settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(columns=tables(), categories=strategies.booleans())
def test_rows_give_the_dataset_of_their_file(producer, folder, columns, categories):
    for module in NEEDED[producer]:
        pytest.importorskip(module)
    file: pathlib.Path = folder / "random.csv"
    with open(file, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    named = {"user_column": "user", "item_column": "item", "time_column": "time", "comments": "off"}
    expected = truenext.Dataset.prepare(file, folder / "random_file", format="csv", overwrite=True, **named)
    keep, frame = frame_of(producer, columns, categories)
    made = truenext.Dataset.from_frame(frame, folder / "random_frame", user="user", item="item", time="time", overwrite=True)
    del keep
    assert (made.fingerprint, made.num_events) == (expected.fingerprint, len(columns["user"]))
    for name in ("items.bin", "items.ids", "users.ids", "times.bin"):
        assert (folder / "random_frame" / name).read_bytes() == (folder / "random_file" / name).read_bytes(), name
