# SPDX-License-Identifier: Apache-2.0
"""Prepared datasets."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from ._library import check, library, take_text
from ._work import Callback, finished, run_verb
from .errors import DataError, UsageError
from .lists import stream_address


def _reopen(path: str, split_fingerprint: str) -> Dataset:
    """Of a pickle."""
    dataset = Dataset.open(path)
    if dataset.split_fingerprint != split_fingerprint:
        raise DataError(f"{path}: holds other data than the dataset that was pickled; open it by truenext.Dataset.open")
    return dataset


def _stream_of(frame: object) -> Any:
    """The capsule with the rows of a frame."""
    give = getattr(frame, "__arrow_c_stream__", None)
    if give is None:
        raise UsageError(
            f"{type(frame).__name__}: not a frame that gives an Arrow stream (__arrow_c_stream__); want one of pandas 2.2 or "
            "newer, polars, pyarrow or DuckDB, or write a file and call Dataset.prepare"
        )
    try:
        return give()
    except ImportError as error:
        raise UsageError(f"{type(frame).__name__} needs another package to hand its rows over: {error}") from error


class Dataset:
    """A dataset folder: histories, ids and the split. Pickles as its path and fingerprint."""

    def __init__(self, info: Mapping[str, Any], report: Mapping[str, Any] | None = None) -> None:
        """Datasets are made by `Dataset.open` and `Dataset.prepare`."""
        self._info = dict(info)
        self._report = dict(report) if report is not None else None

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
        overwrite: bool = False,
        seed: int | None = None,
        callbacks: Iterable[Callback] = (),
        **options: object,
    ) -> Dataset:
        """Prepares the rows of a frame, one event each, without a detour by text. The same rows give the same dataset,
        fingerprint included, as a CSV file of them, whoever made the frame. Rows are read batch by batch.

        Args:
            frame: what has `__arrow_c_stream__`: a frame of pandas, polars or pyarrow, a relation of DuckDB, a reader.
            path: the folder to make; None: one of its own, removed with the object.
            user, item, time, value: names of the columns; without a name usual ones are found (`report` says which
                were); time="" if there is none to use. Ids are texts, whole numbers or categories of these; times are
                timestamps, dates, or what a file may hold.
            overwrite: replace a dataset of that name.
            seed: of users that are drawn.
            callbacks: hear the progress (`Event`) and may stop, which raises Interrupted and leaves nothing.
            options: others of `truenext prepare --help`, with _ for -: min_user_events=5, split="temporal", ...

        Raises:
            UsageError: no frame, a column that there is not, or an option of a wrong value.
            DataError: a column or a row that cannot be taken, with its name and place and the cast that helps.
        """
        capsule = _stream_of(frame)
        own = tempfile.mkdtemp(prefix="truenext-") if path is None else None
        try:
            out = os.path.join(own, "data") if own is not None else os.fspath(path or "")
            request = {"out": out, "overwrite": overwrite, "seed": seed, **options}
            request |= {"user_column": user, "item_column": item, "time_column": time, "value_column": value}
            report = finished(run_verb("prepare", request, callbacks, stream_address(capsule)))
            opened = cls.open(out)
        except BaseException:
            if own is not None:
                shutil.rmtree(own, ignore_errors=True)
            raise
        dataset = cls(opened._info, report)
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
