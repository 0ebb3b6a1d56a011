# SPDX-License-Identifier: Apache-2.0
"""Types and functions of include/truenext/truenext.h. Made by tools/generate_ctypes.py; do not edit."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_uint32, c_void_p

TRUENEXT_ABI_VERSION = 1
TRUENEXT_SEEN_AS_TRAINED = 0
TRUENEXT_SEEN_EXCLUDED = 1
TRUENEXT_SEEN_INCLUDED = 2
TRUENEXT_HISTORY_ALL = 0
TRUENEXT_HISTORY_TEST = 1
TRUENEXT_HISTORY_VALID = 2
TRUENEXT_HISTORY_TRAIN = 3
ARROW_FLAG_DICTIONARY_ORDERED = 1
ARROW_FLAG_NULLABLE = 2
ARROW_FLAG_MAP_KEYS_SORTED = 4
TRUENEXT_OK = 0
TRUENEXT_USAGE = 1
TRUENEXT_DATA = 2
TRUENEXT_INTERRUPTED = 3
TRUENEXT_MEMORY = 4
TRUENEXT_INTERNAL = 5


class truenext_texts(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("num_texts", c_int64),
        ("num_rows", c_int64),
        ("bytes", c_void_p),
        ("text_offsets", POINTER(c_int64)),
        ("row_offsets", POINTER(c_int64)),
    ]


class truenext_query(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("threads", c_int32),
        ("k", c_int64),
        ("seen", c_int32),
        ("probabilities", c_int32),
        ("allow", POINTER(truenext_texts)),
        ("candidates", POINTER(truenext_texts)),
        ("exclude", POINTER(truenext_texts)),
    ]


class truenext_events(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("num_users", c_int64),
        ("num_events", c_int64),
        ("offsets", POINTER(c_int64)),
        ("items", POINTER(c_int32)),
        ("times", POINTER(c_int64)),
        ("values", POINTER(c_float)),
    ]


truenext_progress_call = CFUNCTYPE(c_int, c_void_p, c_char_p)


class truenext_progress(Structure):
    _fields_ = [
        ("size", c_uint32),
        ("reserved", c_uint32),
        ("call", truenext_progress_call),
        ("context", c_void_p),
    ]


ArrowSchema_release = CFUNCTYPE(None, c_void_p)


class ArrowSchema(Structure):
    _fields_ = [
        ("format", c_void_p),
        ("name", c_void_p),
        ("metadata", c_void_p),
        ("flags", c_int64),
        ("n_children", c_int64),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", ArrowSchema_release),
        ("private_data", c_void_p),
    ]


ArrowArray_release = CFUNCTYPE(None, c_void_p)


class ArrowArray(Structure):
    _fields_ = [
        ("length", c_int64),
        ("null_count", c_int64),
        ("offset", c_int64),
        ("n_buffers", c_int64),
        ("n_children", c_int64),
        ("buffers", c_void_p),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", ArrowArray_release),
        ("private_data", c_void_p),
    ]


ArrowArrayStream_get_schema = CFUNCTYPE(c_int, c_void_p, c_void_p)
ArrowArrayStream_get_next = CFUNCTYPE(c_int, c_void_p, c_void_p)
ArrowArrayStream_get_last_error = CFUNCTYPE(c_char_p, c_void_p)
ArrowArrayStream_release = CFUNCTYPE(None, c_void_p)


class ArrowArrayStream(Structure):
    _fields_ = [
        ("get_schema", ArrowArrayStream_get_schema),
        ("get_next", ArrowArrayStream_get_next),
        ("get_last_error", ArrowArrayStream_get_last_error),
        ("release", ArrowArrayStream_release),
        ("private_data", c_void_p),
    ]


def declare(library: ctypes.CDLL) -> None:
    """Says what the functions take and return."""
    library.truenext_abi_version.argtypes = []
    library.truenext_abi_version.restype = c_uint32
    library.truenext_version.argtypes = []
    library.truenext_version.restype = c_char_p
    library.truenext_last_error.argtypes = []
    library.truenext_last_error.restype = c_char_p
    library.truenext_free.argtypes = [c_void_p]
    library.truenext_free.restype = None
    library.truenext_model_open.argtypes = [c_char_p, c_uint32, POINTER(c_void_p)]
    library.truenext_model_open.restype = c_int
    library.truenext_model_read.argtypes = [c_void_p, c_int64, c_char_p, POINTER(c_void_p)]
    library.truenext_model_read.restype = c_int
    library.truenext_model_content.argtypes = [c_void_p, c_void_p, POINTER(c_int64)]
    library.truenext_model_content.restype = c_int
    library.truenext_model_close.argtypes = [c_void_p]
    library.truenext_model_close.restype = None
    library.truenext_model_info.argtypes = [c_void_p, POINTER(c_void_p)]
    library.truenext_model_info.restype = c_int
    library.truenext_item_ids.argtypes = [c_void_p, POINTER(truenext_texts)]
    library.truenext_item_ids.restype = c_int
    library.truenext_item_titles.argtypes = [c_void_p, POINTER(truenext_texts)]
    library.truenext_item_titles.restype = c_int
    library.truenext_item_table.argtypes = [c_void_p, POINTER(POINTER(c_float)), POINTER(c_int64), POINTER(c_int64)]
    library.truenext_item_table.restype = c_int
    library.truenext_encode.argtypes = [c_void_p, POINTER(truenext_texts), c_int32, POINTER(c_float)]
    library.truenext_encode.restype = c_int
    library.truenext_recommend.argtypes = [c_void_p, POINTER(truenext_texts), POINTER(truenext_query), POINTER(c_void_p)]
    library.truenext_recommend.restype = c_int
    library.truenext_similar.argtypes = [c_void_p, POINTER(truenext_texts), POINTER(truenext_query), POINTER(c_void_p)]
    library.truenext_similar.restype = c_int
    library.truenext_lists_close.argtypes = [c_void_p]
    library.truenext_lists_close.restype = None
    library.truenext_lists_count.argtypes = [c_void_p]
    library.truenext_lists_count.restype = c_int64
    library.truenext_lists_offsets.argtypes = [c_void_p]
    library.truenext_lists_offsets.restype = POINTER(c_int64)
    library.truenext_lists_items.argtypes = [c_void_p]
    library.truenext_lists_items.restype = POINTER(c_int32)
    library.truenext_lists_scores.argtypes = [c_void_p]
    library.truenext_lists_scores.restype = POINTER(c_float)
    library.truenext_lists_probabilities.argtypes = [c_void_p]
    library.truenext_lists_probabilities.restype = POINTER(c_double)
    library.truenext_lists_unknown.argtypes = [c_void_p]
    library.truenext_lists_unknown.restype = POINTER(c_int64)
    library.truenext_lists_stream.argtypes = [c_void_p, POINTER(ArrowArrayStream)]
    library.truenext_lists_stream.restype = c_int
    library.truenext_chart.argtypes = [c_char_p, POINTER(c_void_p)]
    library.truenext_chart.restype = c_int
    library.truenext_dataset_info.argtypes = [c_char_p, POINTER(c_void_p)]
    library.truenext_dataset_info.restype = c_int
    library.truenext_dataset_open.argtypes = [c_char_p, c_uint32, POINTER(c_void_p)]
    library.truenext_dataset_open.restype = c_int
    library.truenext_dataset_close.argtypes = [c_void_p]
    library.truenext_dataset_close.restype = None
    library.truenext_dataset_user_ids.argtypes = [c_void_p, POINTER(truenext_texts)]
    library.truenext_dataset_user_ids.restype = c_int
    library.truenext_dataset_item_ids.argtypes = [c_void_p, POINTER(truenext_texts)]
    library.truenext_dataset_item_ids.restype = c_int
    library.truenext_dataset_events.argtypes = [c_void_p, POINTER(truenext_events)]
    library.truenext_dataset_events.restype = c_int
    library.truenext_dataset_history_lengths.argtypes = [c_void_p, c_int32, POINTER(c_int64)]
    library.truenext_dataset_history_lengths.restype = c_int
    library.truenext_dataset_find_users.argtypes = [c_void_p, POINTER(truenext_texts), POINTER(c_int64)]
    library.truenext_dataset_find_users.restype = c_int
    library.truenext_recommend_users.argtypes = [c_void_p, c_void_p, POINTER(c_int64), c_int64, c_int32, POINTER(truenext_query), POINTER(c_void_p)]
    library.truenext_recommend_users.restype = c_int
    library.truenext_run.argtypes = [c_char_p, c_char_p, POINTER(truenext_progress), POINTER(c_void_p)]
    library.truenext_run.restype = c_int
    library.truenext_prepare_stream.argtypes = [POINTER(ArrowArrayStream), c_char_p, POINTER(truenext_progress), POINTER(c_void_p)]
    library.truenext_prepare_stream.restype = c_int
