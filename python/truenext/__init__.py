# SPDX-License-Identifier: Apache-2.0
"""Next-item recommenders: prepare a log, train, judge, recommend (docs/python.md)."""

from ._library import ItemId, version
from ._work import STOP, Callback, Event
from .dataset import Dataset
from .errors import DataError, Error, InternalError, Interrupted, UsageError
from .evaluation import Comparison, Evaluation, Metric, calibrate, compare, evaluate
from .fit import Run, convert, export, fit
from .lists import Lists
from .model import Model
from .progress import Progress
from .recommender import Columns, Recommender
from .table import Table
from .versions import show_versions

__version__ = version()

__all__ = [
    "STOP",
    "Callback",
    "Columns",
    "Comparison",
    "DataError",
    "Dataset",
    "Error",
    "Evaluation",
    "Event",
    "InternalError",
    "Interrupted",
    "ItemId",
    "Lists",
    "Metric",
    "Model",
    "Progress",
    "Recommender",
    "Run",
    "Table",
    "UsageError",
    "calibrate",
    "compare",
    "convert",
    "evaluate",
    "export",
    "fit",
    "show_versions",
]
