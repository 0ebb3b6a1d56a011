# SPDX-License-Identifier: Apache-2.0
"""Prepared datasets."""

from __future__ import annotations

import csv
import ctypes
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ._dataset_handle import DatasetHandle, history_number
from ._frames import stream_of, whole_columns
from ._html import facts_html
from ._library import ItemId, check, decoded_id, encoded_id, library, take_text
from ._work import Callback, finished, run_verb
from .errors import DataError
from .table import Table


def _reopen(path: str, split_fingerprint: str) -> Dataset:
    """Of a pickle."""
    dataset = Dataset.open(path)
    if dataset.split_fingerprint != split_fingerprint:
        raise DataError(f"{path}: holds other data than the dataset that was pickled; open it by truenext.Dataset.open")
    return dataset


def _whole_roles(report: Mapping[str, Any], columns: frozenset[str]) -> frozenset[str]:
    """Of user and item those whose column holds whole numbers."""
    taken = report.get("taken", {}).get("columns", [])
    return frozenset(str(column["role"]) for column in taken if column["name"] in columns)


def _title_file(titles: Mapping[ItemId, str] | str | os.PathLike[str], folder: str) -> str:
    """A file of titles, as `prepare` reads it."""
    if not isinstance(titles, Mapping):
        return os.fspath(titles)
    path = os.path.join(folder, "titles.csv")
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["item", "title"])
        lines.writerows([decoded_id(encoded_id(item)), title] for item, title in titles.items())
    return path


class Dataset:
    """A dataset folder: histories, ids and the split. Pickles as its path and fingerprint."""

    def __init__(
        self,
        info: Mapping[str, Any],
        report: Mapping[str, Any] | None = None,
        whole: frozenset[str] = frozenset(),
    ) -> None:
        """Datasets are made by `Dataset.open`, `Dataset.prepare` and `Dataset.from_frame`."""
        self._info = dict(info)
        self._report = dict(report) if report is not None else None
        self._whole = whole
        self._opened: DatasetHandle | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Dataset:
        """A folder made by `prepare`. DataError when it is none, is damaged or was written by a newer version."""
        text = ctypes.c_void_p()
        check(library.truenext_dataset_info(os.fsencode(path), ctypes.byref(text)))
        return cls(json.loads(take_text(text)))

    @classmethod
    def prepare(
        cls,
        source: str | os.PathLike[str],
        out: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        seed: int | None = None,
        callbacks: Iterable[Callback] = (),
        **options: object,
    ) -> Dataset:
        """Reads a log of events, filters, orders and splits it into the folder `out`, as `truenext prepare` does.

        Args:
            source: a file of events; gzip and Zstandard are unpacked.
            out: the folder to make.
            overwrite: replace a dataset of that name.
            seed: of users that are drawn.
            callbacks: hear the progress (`Event`) and may stop, which raises Interrupted and leaves nothing.
            options: all others of `truenext prepare --help`, with _ for -: min_user_events=5, split="temporal", ...

        Raises:
            UsageError: an option that there is not, or one of a wrong value.
            DataError: a broken line, with its place, or a folder that is there already.
        """
        request = {"input": os.fspath(source), "out": os.fspath(out), "overwrite": overwrite, "seed": seed, **options}
        report = finished(run_verb("prepare", request, callbacks))
        opened = cls.open(out)
        return cls(opened._info, report)

    @classmethod
    def from_frame(
        cls,
        frame: object,
        path: str | os.PathLike[str] | None = None,
        *,
        user: str | None = None,
        item: str | None = None,
        time: str | None = None,
        value: str | None = None,
        titles: Mapping[ItemId, str] | str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        seed: int | None = None,
        callbacks: Iterable[Callback] = (),
        **options: object,
    ) -> Dataset:
        """Prepares the rows of a frame, one event each, without a detour by text. The same rows give the same dataset,
        fingerprint included, as a CSV file of them, whoever made the frame. Rows are read batch by batch.

        Args:
            frame: what has `__arrow_c_stream__`: a frame of pandas, polars or pyarrow, a relation of DuckDB, a reader; a
                frame of pandas without pyarrow; or columns by name, {"user": array, ...}.
            path: the folder to make; None: one of its own, removed with the object.
            user, item, time, value: names of the columns; without a name usual ones are found (`report` says which
                were); time="" if there is none to use. Ids are texts, whole numbers or categories of these; times are
                timestamps, dates, or what a file may hold.
            titles: of items by raw id, or a file of them; they are shown and go into the model file.
            overwrite: replace a dataset of that name.
            seed: of users that are drawn.
            callbacks: hear the progress (`Event`) and may stop, which raises Interrupted and leaves nothing.
            options: others of `truenext prepare --help`, with _ for -: min_user_events=5, split="temporal", ...

        Raises:
            UsageError: no frame, a column that there is not, or an option of a wrong value.
            DataError: a column or a row that cannot be taken, with its name and place and the cast that helps.
        """
        address, keep = stream_of(frame)
        whole = whole_columns(address)
        own = tempfile.mkdtemp(prefix="truenext-") if path is None else None
        scratch = tempfile.mkdtemp(prefix="truenext-")
        try:
            out = os.path.join(own, "data") if own is not None else os.fspath(path or "")
            request = {"out": out, "overwrite": overwrite, "seed": seed, **options}
            if titles is not None:
                request["titles"] = _title_file(titles, scratch)
            request |= {"user_column": user, "item_column": item, "time_column": time, "value_column": value}
            report = finished(run_verb("prepare", request, callbacks, address))
            del keep
            opened = cls.open(out)
        except BaseException:
            if own is not None:
                shutil.rmtree(own, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        dataset = cls(opened._info, report, _whole_roles(report, whole))
        if own is not None:
            weakref.finalize(dataset, shutil.rmtree, own, ignore_errors=True)
        return dataset

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return _reopen, (self.path, self.split_fingerprint)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return (
            f"<truenext.Dataset {self.path}: {self.num_users} users, {self.num_items} items, {self.num_events} events, "
            f"{self.split}>"
        )

    def _repr_html_(self) -> str:
        facts = [
            ("users", self.num_users),
            ("items", self.num_items),
            ("events", self.num_events),
            ("split", self.split),
            ("fingerprint", self.fingerprint),
            ("folder", self.path),
        ]
        return facts_html("truenext.Dataset", facts)

    @property
    def _handle(self) -> DatasetHandle:
        """Opened when it is first asked for."""
        if self._opened is None:
            self._opened = DatasetHandle(self.path)
        return self._opened

    @property
    def user_ids(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids of all users, object [num_users], in the order of the user numbers."""
        return self._handle.ids("user")

    @property
    def item_ids(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Raw ids of all items, object [num_items], in the order of the dataset's item numbers."""
        return self._handle.ids("item")

    def history_lengths(self, history: str = "all") -> np.ndarray[Any, np.dtype[np.int64]]:
        """How many of a user's events are the history, int64 [num_users]; `history` as in `histories`."""
        return self._handle.history_lengths(history_number(history))

    def histories(self, users: Iterable[ItemId] | None = None, *, history: str = "all") -> list[list[str]]:
        """Items of users, oldest first, as raw ids.

        Args:
            users: raw ids; None = all users, in the order of `user_ids`.
            history: "all" events; those before the "test" or the "valid" events, which is what a model is asked with
                when it is judged on that part; or the "train" events.

        Raises:
            DataError: a user that the dataset does not know.
            UsageError: another word for `history`.
        """
        numbers = self._handle.user_numbers(users)
        lengths = self.history_lengths(history)
        events = self._handle.events()
        ids = self.item_ids
        begins = events["offsets"][numbers]
        return [
            ids[events["items"][begin : begin + length]].tolist()
            for begin, length in zip(begins.tolist(), lengths[numbers].tolist())
        ]

    def events(self) -> Table:
        """All events, user by user, oldest first: columns user, item and, where the dataset has them, time (int64) and
        value (float32)."""
        found = self._handle.events()
        users = np.repeat(np.arange(self.num_users), np.diff(found["offsets"]))
        columns: dict[str, np.ndarray[Any, Any]] = {
            "user": self.user_ids[users],
            "item": self.item_ids[found["items"]],
        }
        for name in ("times", "values"):
            if name in found:
                columns[name[:-1]] = found[name].copy()
        return Table(columns)

    @property
    def info(self) -> Mapping[str, Any]:
        """What the folder says: users, items, events, has_times, has_values, attributes, split, fingerprints, path."""
        return self._info

    @property
    def report(self) -> Mapping[str, Any] | None:
        """What `prepare` counted; None of a dataset that was opened."""
        return self._report

    @property
    def path(self) -> str:
        """Absolute path of the folder."""
        return str(self._info["path"])

    @property
    def num_users(self) -> int:
        return int(self._info["users"])

    @property
    def num_items(self) -> int:
        return int(self._info["items"])

    @property
    def num_events(self) -> int:
        return int(self._info["events"])

    @property
    def split(self) -> str:
        """One line naming the split, e.g. "leave-last, 1 validation, 1 test"."""
        return str(self._info["split"])

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that stand for the events."""
        return str(self._info["fingerprint"])

    @property
    def split_fingerprint(self) -> str:
        """32 hexadecimal digits that stand for events and split: what runs that are compared must share."""
        return str(self._info["split_fingerprint"])
