// SPDX-License-Identifier: Apache-2.0
// A process that trains and is meant to be killed: `train_child RUN DATA`.
#include "base/log.h"
#include "train/trainer.h"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  upnext::set_quiet(true);
  upnext::TrainRequest request;
  request.config.data.path = argv[2];
  request.config.model.hidden_size = 16;
  request.config.model.num_blocks = 2;
  request.config.model.num_heads = 2;
  request.config.model.max_length = 8;
  request.config.model.dropout = 0.2;
  request.config.objective.negatives = 5;
  request.config.train.epochs = 40;
  request.config.train.batch_size = 16;
  request.config.train.tile_tokens = 24;
  request.config.train.checkpoint_steps = 1;
  request.config.model.resolve();
  request.run = argv[1];
  upnext::Trainer(request).fit();
  return 0;
}
