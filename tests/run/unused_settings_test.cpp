// SPDX-License-Identifier: Apache-2.0
#include "run/unused_settings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace truenext {
namespace {

struct Case {
  std::vector<std::string> settings;
  std::string key;  ///< that nothing reads; empty: every one is read
  std::string reason;
};

const Case kCases[] = {
    {{"objective.criterion=softmax", "objective.candidates=full", "objective.negatives=4"},
     "objective.negatives",
     "objective.candidates is"},
    {{"objective.candidates=uniform", "objective.negatives=4"}, "", ""},
    {{"objective.popularity_power=1"}, "objective.popularity_power", "popularity, mixed"},
    {{"objective.candidates=popularity", "objective.popularity_power=1"}, "", ""},
    {{"objective.buckets=3"}, "objective.buckets", "buckets"},
    {{"objective.criterion=bce", "objective.gbce_t=0.5"}, "objective.gbce_t", "gbce"},
    {{"objective.relevance=power"}, "objective.relevance", "future_items is 1"},
    {{"objective.future_items=3", "objective.relevance=power"}, "", ""},
    {{"model.name=gru4rec", "model.num_blocks=3"},
     "model.num_blocks",
     "sasrec, nextitnet, bert4rec read it"},
    {{"model.num_blocks=3"}, "", ""},
    {{"model.gru_layers=2"}, "model.gru_layers", "gru4rec, narm read it"},
    {{"model.gnn_steps=2"}, "model.gnn_steps", "sr-gnn reads it"},
    {{"model.name=gru4rec", "model.gru_layers=2", "model.hidden_size=8"}, "", ""},
    {{"model.block=hstu", "model.inner_size=64"}, "model.inner_size", "no feed-forward part"},
    {{"model.block=res", "model.inner_size=64"}, "", ""},
    {{"watch.every=2"}, "watch.every", "watch.parts"},
    {{"watch.parts=test", "watch.every=2"}, "", ""},
    {{"pretrain.mask_rate=0.3"}, "pretrain.mask_rate", "nothing is pretrained"},
    {{"pretrain.epochs=3", "pretrain.mask_rate=0.3", "train.epochs=2"}, "", ""},
    {{"train.init_from=x", "pretrain.epochs=3"}, "pretrain.epochs", "takes the place"},
    {{"train.task=pretraining", "train.epochs=3", "pretrain.sp=0"}, "", ""},
    {{"train.task=pretraining", "pretrain.batch_size=3"},
     "pretrain.batch_size",
     "train.batch_size"},
    {{"train.task=pretraining", "pretrain.epochs=2", "train.epochs=3"},
     "train.epochs",
     "pretrain.epochs holds"},
    {{"train.task=pretraining", "objective.negatives=3"}, "objective.negatives", "next item"},
    {{"train.new_items=mean"}, "train.new_items", "train.init_from is empty"},
};

TEST(UnusedSettings, AreThoseThatTheChosenPartsDoNotRead) {
  for (const Case& c : kCases) {
    RunConfig config;
    apply_settings(config, c.settings);
    std::vector<std::string> keys;
    for (const std::string& s : c.settings) keys.push_back(s.substr(0, s.find('=')));
    const std::vector<UnusedSetting> unused = unused_settings(config, keys);
    ASSERT_EQ(unused.size(), c.key.empty() ? 0U : 1U) << c.settings.back();
    if (c.key.empty()) continue;
    EXPECT_EQ(unused[0].key, c.key);
    EXPECT_NE(unused[0].reason.find(c.reason), std::string::npos) << unused[0].reason;
  }
}

TEST(UnusedSettings, OfPresetsAndDefaultsAreNobodysMistake) {
  RunConfig config;
  apply_preset(config, "gru4rec-ce");
  EXPECT_TRUE(unused_settings(config, {}).empty());
}

TEST(UnusedSettings, OfAFileAreWhatItChanges) {
  RunConfig before, after;
  apply_text(after, "[model]\nnum_blocks = 2\nhidden_size = 24\n", "file");  // 2 is the default
  EXPECT_EQ(changed_keys(before, after), std::vector<std::string>{"model.hidden_size"});
}

}  // namespace
}  // namespace truenext
