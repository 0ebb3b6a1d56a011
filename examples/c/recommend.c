/* SPDX-License-Identifier: Apache-2.0
 *
 * Recommends for one history:   recommend RUN ITEM ITEM ...
 *
 *   cc recommend.c $(pkg-config --cflags --libs truenext_c) -o recommend
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <truenext/truenext.h>

static int failed(const char *what) {
  fprintf(stderr, "%s: %s\n", what, truenext_last_error());
  return EXIT_FAILURE;
}

/* One row of the arguments. The caller frees bytes and offsets. */
static truenext_texts row_of(char **words, int count, char **bytes, int64_t **offsets) {
  size_t length = 0;
  for (int i = 0; i < count; ++i) length += strlen(words[i]);
  *bytes = malloc(length + 1);
  *offsets = malloc(((size_t)count + 1) * sizeof **offsets);
  if (*bytes == NULL || *offsets == NULL) exit(EXIT_FAILURE);
  (*offsets)[0] = 0;
  for (int i = 0; i < count; ++i) {
    const size_t begin = (size_t)(*offsets)[i], size = strlen(words[i]);
    memcpy(*bytes + begin, words[i], size);
    (*offsets)[i + 1] = (int64_t)(begin + size);
  }
  truenext_texts texts = {.size = sizeof texts, .num_texts = count, .bytes = *bytes,
                          .text_offsets = *offsets};
  return texts;
}

static int print_list(const truenext_model *model, const truenext_lists *lists) {
  truenext_texts ids = {.size = sizeof ids};
  if (truenext_item_ids(model, &ids) != TRUENEXT_OK) return failed("ids");
  const int64_t *const offsets = truenext_lists_offsets(lists);
  const int32_t *const items = truenext_lists_items(lists);
  const float *const scores = truenext_lists_scores(lists);
  for (int64_t i = offsets[0]; i < offsets[1]; ++i) {
    const int64_t begin = ids.text_offsets[items[i]], end = ids.text_offsets[items[i] + 1];
    printf("%" PRId64 "\t%.*s\t%.9g\n", i + 1, (int)(end - begin), ids.bytes + begin,
           (double)scores[i]);
  }
  return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: recommend RUN ITEM ...\n");
    return EXIT_FAILURE;
  }
  truenext_model *model = NULL;
  if (truenext_model_open(argv[1], 0, &model) != TRUENEXT_OK) return failed(argv[1]);
  char *bytes = NULL;
  int64_t *offsets = NULL;
  const truenext_texts history = row_of(argv + 2, argc - 2, &bytes, &offsets);
  const truenext_query query = {.size = sizeof query, .k = 5};
  truenext_lists *lists = NULL;
  int status = EXIT_SUCCESS;
  if (truenext_recommend(model, &history, &query, &lists) != TRUENEXT_OK) {
    status = failed("recommend");
  } else {
    status = print_list(model, lists);
  }
  truenext_lists_close(lists);
  truenext_model_close(model);
  free(bytes);
  free(offsets);
  return status;
}
