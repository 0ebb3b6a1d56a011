# SPDX-License-Identifier: Apache-2.0
"""The frame that every system of sasrec_beside.py is given, and its split: columns user_id, item_id and
datetime, one row an event, each user's rows together and oldest first."""

import gzip
import pathlib

import pandas

COLUMNS = ["user_id", "item_id", "datetime"]
BEGIN = pandas.Timestamp("2000-01-01")


def opened(path):
    return gzip.open(path, "rt") if str(path).endswith(".gz") else open(path, encoding="utf-8")


def kind_of(path):
    """How the events of a published file are written, by its first line."""
    with opened(path) as file:
        line = file.readline()
    if "::" in line:
        return "ratings"
    return "pairs" if len(line.split()) == 2 else "sequences"


def events_of(path):
    """(user, item) of a file without times, in its order."""
    sequences = kind_of(path) == "sequences"
    with opened(path) as file:
        for line in file:
            user, *items = line.split()
            yield from ((user, item) for item in (items if sequences else items[:1]))


def published_frame(path):
    """The frame of a published file: ratings.dat of MovieLens (user::item::rating::time), or, plain or packed by
    gzip, lines "user item" or "user item item ..." in time order, whose events get a second each as their time."""
    if kind_of(path) == "ratings":
        names = ["user_id", "item_id", "rating", "time"]
        table = pandas.read_csv(path, sep="::", names=names, engine="python", encoding="latin-1")
        table["datetime"] = pandas.to_datetime(table["time"], unit="s")
        return table
    table = pandas.DataFrame(events_of(path), columns=COLUMNS[:2]).astype("int64")
    table["datetime"] = BEGIN + pandas.to_timedelta(range(len(table)), unit="s")
    return table


def given_frame(path):
    """A frame from a file of Parquet or CSV with the three columns."""
    packed = pathlib.Path(path).suffix in (".parquet", ".pq")
    table = pandas.read_parquet(path) if packed else pandas.read_csv(path, parse_dates=["datetime"])
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise SystemExit(f"{path}: has no column {', '.join(missing)}; want {', '.join(COLUMNS)}")
    return table


def ordered(table, sample_users, seed):
    """Only the three columns, and of so many users where that is above 0. Events of the same time stay in their
    order, for all systems the same."""
    table = table[COLUMNS]
    if sample_users:
        users = table["user_id"].drop_duplicates()
        users = users.sample(min(sample_users, len(users)), random_state=seed)
        table = table[table["user_id"].isin(users)]
    return table.sort_values(["user_id", "datetime"], kind="stable", ignore_index=True)


def leave_last(table):
    """(all but the newest event of each user, these newest). A user with a single event has nothing to be asked
    about: it is in neither."""
    table = table[table.groupby("user_id")["item_id"].transform("size") > 1]
    newest = ~table.duplicated("user_id", keep="last")
    return table[~newest].reset_index(drop=True), table[newest].reset_index(drop=True)


def trained_positions(train, max_length):
    """Events with a known event before them in the newest max_length + 1 of each user."""
    counts = train.groupby("user_id").size()
    return int((counts - 1).clip(upper=max_length).sum())
