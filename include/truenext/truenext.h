/* SPDX-License-Identifier: Apache-2.0
 *
 * truenext for other languages: C99, no C++ types, symbols of version TRUENEXT_1 (docs/c-interface.md).
 *
 * Every function that can fail returns a truenext_status and leaves what went wrong, in words, in
 * truenext_last_error(). Outputs are written on success only. No C++ exception and no signal handler
 * leaves or enters the library.
 *
 * Every struct that a caller fills begins with `size`, which the caller sets to its sizeof: that is how
 * later versions know what the caller knew of. The rest is to be zeroed; 0 and NULL are the defaults.
 *
 * Texts are UTF-8; ids of items are any bytes, compared byte by byte.
 *
 * Threads: all functions may be called by several threads at once, with the same model and the same
 * lists, too; only closing must come last. After fork() the child must not use what the parent opened.
 */
#ifndef TRUENEXT_TRUENEXT_H
#define TRUENEXT_TRUENEXT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRUENEXT_API __attribute__((visibility("default")))

/* Counts additions to this interface that a program can see: what was there stays as it is. */
#define TRUENEXT_ABI_VERSION 1

typedef enum truenext_status {
  TRUENEXT_OK = 0,
  TRUENEXT_USAGE = 1,       /* a wrong argument, option or configuration */
  TRUENEXT_DATA = 2,        /* unreadable or broken input, a failed write, unknown items */
  TRUENEXT_INTERRUPTED = 3, /* a progress callback asked to stop; what can be continued is saved */
  TRUENEXT_MEMORY = 4,      /* out of memory */
  TRUENEXT_INTERNAL = 5     /* a mistake of truenext; please report it */
} truenext_status;

typedef struct truenext_model truenext_model; /* a finished model, opened for use */
typedef struct truenext_lists truenext_lists; /* ranked lists, an answer */
typedef struct truenext_dataset truenext_dataset; /* a dataset folder, opened for reading */

/* Rows of texts, without copies: text t is bytes[text_offsets[t]] to bytes[text_offsets[t + 1]] (not
 * zero-terminated), row r is the texts row_offsets[r] to row_offsets[r + 1]. Without row_offsets all
 * texts are one row. */
typedef struct truenext_texts {
  uint32_t size;
  uint32_t reserved;           /* 0 */
  int64_t num_texts;
  int64_t num_rows;            /* read with row_offsets only */
  const char* bytes;           /* may be NULL when all texts are empty */
  const int64_t* text_offsets; /* [num_texts + 1], ascending from 0 */
  const int64_t* row_offsets;  /* [num_rows + 1], ascending from 0 to num_texts, or NULL */
} truenext_texts;

/* The items of a history that a model was trained to answer without, or all: */
#define TRUENEXT_SEEN_AS_TRAINED 0
#define TRUENEXT_SEEN_EXCLUDED 1
#define TRUENEXT_SEEN_INCLUDED 2

/* What is asked for, for all rows of a call. */
typedef struct truenext_query {
  uint32_t size;
  int32_t threads;                  /* 0 = all processors of this process; never changes an answer */
  int64_t k;                        /* items per list, at least 1 */
  int32_t seen;                     /* TRUENEXT_SEEN_...: whether items of the history are no answers */
  int32_t probabilities;            /* 1: with the probability of every item; the model is calibrated */
  const truenext_texts* allow;      /* answer with these items only; NULL = with all */
  const truenext_texts* candidates; /* likewise; with both, the items that are in both */
  const truenext_texts* exclude;    /* never answer with these; NULL = none */
} truenext_query;

/* Which events of a user are the history. A split cuts a user's events in training, validation and test;
 * who is not judged in a part has none of it. */
#define TRUENEXT_HISTORY_ALL 0 /* all: for whom recommendations are made in earnest */
#define TRUENEXT_HISTORY_TEST 1 /* what stands before the test events: what a test is asked with */
#define TRUENEXT_HISTORY_VALID 2 /* what stands before the validation events */
#define TRUENEXT_HISTORY_TRAIN 3 /* the training events */

/* Events of a dataset, user by user, oldest first: those of user u are offsets[u] to offsets[u + 1].
 * Borrowed from the dataset. */
typedef struct truenext_events {
  uint32_t size;
  uint32_t reserved; /* 0 */
  int64_t num_users;
  int64_t num_events;
  const int64_t* offsets; /* [num_users + 1] */
  const int32_t* items;   /* [num_events], places in truenext_dataset_item_ids() */
  const int64_t* times;   /* [num_events], or NULL where the dataset has none */
  const float* values;    /* [num_events], or NULL where the dataset has none */
} truenext_events;

/* Progress of truenext_run(). `call` is called by the thread that called truenext_run(), at least ten
 * times a second, with one event, a JSON object with a text "kind" (docs/c-interface.md lists them).
 * Unless it returns 0 the work stops at the next step; what can be continued is saved. The work waits
 * until it returns (but for kind "tick", which only asks whether to go on). */
typedef struct truenext_progress {
  uint32_t size;
  uint32_t reserved; /* 0 */
  int (*call)(void* context, const char* json);
  void* context;
} truenext_progress;

/* The Arrow C data and stream interfaces, as Apache Arrow publishes them for copying
 * (https://arrow.apache.org/docs/format/CDataInterface.html). */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* TRUENEXT_ABI_VERSION of the library. */
TRUENEXT_API uint32_t truenext_abi_version(void);

/* The version of truenext, "0.2.0". */
TRUENEXT_API const char* truenext_version(void);

/* What the last call of this thread that failed has to say; "" before. Valid until the next one. */
TRUENEXT_API const char* truenext_last_error(void);

/* Frees a text that a function returned; NULL is allowed. */
TRUENEXT_API void truenext_free(char* text);

/* Opens a model: a model file, or a run folder that holds model.safetensors. `flags`: 0. The file is
 * mapped, so it may be replaced (as truenext does) but not written to while the model is open. */
TRUENEXT_API int truenext_model_open(const char* path, uint32_t flags, truenext_model** out);

/* Opens a model whose file is in memory: `bytes` [size] are copied. `name` stands in messages in the
 * place of a path; NULL = "(memory)". */
TRUENEXT_API int truenext_model_read(const void* bytes, int64_t size, const char* name,
                                     truenext_model** out);

/* The file that the model was opened from, a safetensors file (docs/checkpoint-format.md), as long as the
 * model lives. */
TRUENEXT_API int truenext_model_content(const truenext_model* model, const void** bytes,
                                        int64_t* size);

/* Closes the handle; NULL is allowed. Lists and streams that it answered with stay valid. */
TRUENEXT_API void truenext_model_close(truenext_model* model);

/* What the model says of itself, as JSON (docs/c-interface.md). Free it with truenext_free(). */
TRUENEXT_API int truenext_model_info(const truenext_model* model, char** json);

/* The raw ids of all items, in the order of the item numbers, in one row; lives as long as the model.
 * Set out->size. */
TRUENEXT_API int truenext_item_ids(const truenext_model* model, truenext_texts* out);

/* The titles likewise; empty texts where there are none. */
TRUENEXT_API int truenext_item_titles(const truenext_model* model, truenext_texts* out);

/* The table that scores are taken with: rows [num_items, dim], row-major, read-only, as long as the
 * model lives; score = <state, row>. Of the dim columns the first `vector_dim` of truenext_model_info()
 * are an item's vector, the rest only makes the score (a bias). */
TRUENEXT_API int truenext_item_table(const truenext_model* model, const float** rows,
                                     int64_t* num_items, int64_t* dim);

/* The states after the newest item of each history, a row of raw ids each, oldest first: states [rows,
 * dim], row-major, memory of the caller. Ids that the model does not know are passed over; a history
 * without a known one is TRUENEXT_DATA. `threads` as in truenext_query. */
TRUENEXT_API int truenext_encode(const truenext_model* model, const truenext_texts* histories,
                                 int32_t threads, float* states);

/* The k best items for each history, a row of raw ids each, oldest first. Ids that the model does not
 * know are passed over and counted; a history without a known one gets an empty list. Lists are those
 * of `truenext recommend`, bit for bit, whatever else is asked and with any number of threads.
 * TRUENEXT_DATA when none of the ids of a filter is an item of the model. */
TRUENEXT_API int truenext_recommend(const truenext_model* model, const truenext_texts* histories,
                                    const truenext_query* query, truenext_lists** out);

/* The k items nearest to each of `items` (one list per text, rows are not looked at) by the cosine of
 * the item table, without the item itself. An unknown item is TRUENEXT_DATA; `seen` and `probabilities`
 * are not looked at. */
TRUENEXT_API int truenext_similar(const truenext_model* model, const truenext_texts* items,
                                  const truenext_query* query, truenext_lists** out);

TRUENEXT_API void truenext_lists_close(truenext_lists* lists);

/* Number of lists: that of the histories or items asked for. */
TRUENEXT_API int64_t truenext_lists_count(const truenext_lists* lists);

/* List i is the entries offsets[i] to offsets[i + 1] of the arrays below: offsets [count + 1]. It can be
 * shorter than k. All pointers live as long as the lists. */
TRUENEXT_API const int64_t* truenext_lists_offsets(const truenext_lists* lists);

/* Item numbers, best first within a list: places in truenext_item_ids(). */
TRUENEXT_API const int32_t* truenext_lists_items(const truenext_lists* lists);

TRUENEXT_API const float* truenext_lists_scores(const truenext_lists* lists);

/* Probabilities in [0, 1], or NULL when they were not asked for. */
TRUENEXT_API const double* truenext_lists_probabilities(const truenext_lists* lists);

/* How many ids of each history the model does not know: [count]. */
TRUENEXT_API const int64_t* truenext_lists_unknown(const truenext_lists* lists);

/* All entries as a stream of one Arrow record batch: list (int64, from 0), rank (int32, from 1), item
 * (large utf8; large binary where an id of the model is no UTF-8), score (float32) and, where asked for,
 * probability (float64). The stream is the caller's to release and outlives lists and model. */
TRUENEXT_API int truenext_lists_stream(const truenext_lists* lists, struct ArrowArrayStream* out);

/* Curves as a complete SVG document, without references to anything outside: {"title": "", "x_label": "",
 * "y_label": "", "lines": [{"name": "", "points": [[x, y] or [x, y, low, high], ...]}, ...]}, points ascending
 * in x. Free it with truenext_free(). */
TRUENEXT_API int truenext_chart(const char* chart_json, char** svg);

/* What a dataset folder made by `prepare` is, as JSON (docs/c-interface.md). */
TRUENEXT_API int truenext_dataset_info(const char* path, char** json);

/* Opens a dataset folder, which is mapped. `flags`: 0. */
TRUENEXT_API int truenext_dataset_open(const char* path, uint32_t flags, truenext_dataset** out);

/* Closes the handle; NULL is allowed. What was borrowed from it ends. */
TRUENEXT_API void truenext_dataset_close(truenext_dataset* dataset);

/* The raw ids of users and of items, in the order of their numbers, in one row. Set out->size. */
TRUENEXT_API int truenext_dataset_user_ids(const truenext_dataset* dataset, truenext_texts* out);
TRUENEXT_API int truenext_dataset_item_ids(const truenext_dataset* dataset, truenext_texts* out);

/* All events. Set out->size. */
TRUENEXT_API int truenext_dataset_events(const truenext_dataset* dataset, truenext_events* out);

/* How many of each user's events are the history (TRUENEXT_HISTORY_...): lengths [num_users]. */
TRUENEXT_API int truenext_dataset_history_lengths(const truenext_dataset* dataset, int32_t history,
                                                  int64_t* lengths);

/* The numbers of users with these raw ids (rows are not looked at): numbers [num_texts], -1 of an id that
 * the dataset does not know. */
TRUENEXT_API int truenext_dataset_find_users(const truenext_dataset* dataset,
                                             const truenext_texts* ids, int64_t* numbers);

/* truenext_recommend() with the histories of `users`, numbers of the dataset's, [num_users]. Items are matched
 * by raw id; those that the model does not know are passed over and counted. With TRUENEXT_HISTORY_ALL
 * the lists are those of `truenext recommend --users`, bit for bit. */
TRUENEXT_API int truenext_recommend_users(const truenext_model* model,
                                          const truenext_dataset* dataset, const int64_t* users,
                                          int64_t num_users, int32_t history,
                                          const truenext_query* query, truenext_lists** out);

/* Does what a verb of the command does: prepare, train, evaluate, calibrate, compare, import or export.
 * `request_json` is an object of the verb's options (`truenext VERB --help`) by their long names without
 * dashes, with _ for -, and of its positionals by name; *result_json is what the command prints with
 * --json. Without `progress` (NULL) messages go to stderr and nothing can stop the work. */
TRUENEXT_API int truenext_run(const char* verb, const char* request_json,
                              const truenext_progress* progress, char** result_json);

/* truenext_run("prepare", ...) of a table in memory, or of a query's result: an Arrow C stream, as
 * __arrow_c_stream__ of Python's frames gives it. The request does not name an `input`; options that say
 * how text is read are TRUENEXT_USAGE. The same rows give the same dataset as a CSV file of them. The
 * stream is used up: it is released when this returns, whatever happened. With `progress` it is read by
 * another thread than the caller's. */
TRUENEXT_API int truenext_prepare_stream(struct ArrowArrayStream* source, const char* request_json,
                                         const truenext_progress* progress, char** result_json);

#ifdef __cplusplus
}
#endif

#endif /* TRUENEXT_TRUENEXT_H */
