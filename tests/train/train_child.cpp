// SPDX-License-Identifier: Apache-2.0
// A process that trains and is meant to be killed: `train_child RUN DATA`.
#include "base/log.h"
#include "train/loop/trainer.h"
#include "train/small_training.h"

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  truenext::set_quiet(true);
  truenext::Trainer(truenext::test::endless_training(argv[1], argv[2])).fit();
  return 0;
}
