// SPDX-License-Identifier: Apache-2.0
#include "interop/pytorch_stream.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "interop/torch_bytes.h"
#include "support/test_files.h"

namespace truenext {
namespace {

std::string whole_storage(const std::string& key, int64_t count) {
  return pickle_storage(key, count, "ctorch\nFloatStorage\n", "N");
}

/// Tensors b [2, 2], a [3] of one storage and c [1] of another; the storages lie the other way
/// round.
TorchStream sample_stream() {
  TorchStream stream;
  stream.dict = pickle_dict({{"b", pickle_tensor(whole_storage("77", 5), 0, {2, 2}, {1, 2})},
                             {"a", pickle_tensor(whole_storage("77", 5), 2, {3}, {1})},
                             {"c", pickle_tensor(whole_storage("9", 1), 0, {1}, {1})}});
  stream.add_storage("9", {42});
  stream.add_storage("77", {1, 2, 3, 4, 5});
  return stream;
}

class PytorchStreamTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    test::write_bytes(folder_ / "a.pt", bytes);
    return folder_ / "a.pt";
  }
  test::Caught opened(const std::string& bytes) {
    return test::caught([&] {
      const PytorchStream stream(write(bytes));
      for (size_t i = 0; i < stream.tensors().size(); ++i) stream.read(i);
    });
  }
  test::TemporaryFolder folder_;
};

TEST_F(PytorchStreamTest, GivesTheTensorsInTheOrderOfTheDict) {
  const auto state = open_state_dict(write(sample_stream().bytes()));  // found by its bytes
  ASSERT_EQ(state->tensors().size(), 3u);
  EXPECT_EQ(state->tensors()[0].name, "b");
  EXPECT_EQ(state->tensors()[0].shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(state->read(0), (std::vector<float>{1, 3, 2, 4}));
  EXPECT_EQ(state->tensors()[1].name, "a");
  EXPECT_EQ(state->read(1), (std::vector<float>{3, 4, 5}));
  EXPECT_EQ(state->read(2), (std::vector<float>{42}));
}

TEST_F(PytorchStreamTest, TakesTheModelOutOfACheckpointOfATraining) {
  TorchStream stream;
  const std::string tensor = pickle_tensor(whole_storage("4", 3), 1, {2}, {1});
  stream.dict = pickle_training("model_state_dict", pickle_pairs({{pickle_text("a"), tensor}}),
                                pickle_tensor(whole_storage("5", 2), 0, {2}, {1}));
  stream.add_storage("5", {8, 9});  // of the optimiser
  stream.add_storage("4", {1, 2, 3});
  const auto state = open_state_dict(write(stream.bytes()));
  ASSERT_EQ(state->tensors().size(), 1u);
  EXPECT_EQ(state->read(0), (std::vector<float>{2, 3}));
}

TEST_F(PytorchStreamTest, RefusesAFileThatIsCutAnywhere) {
  const std::string whole = sample_stream().bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(opened(whole.substr(0, size)).code, ExitCode::data) << size << " bytes";
  }
  const test::Caught longer = opened(whole + "x");
  EXPECT_TRUE(longer.says("1 bytes behind the last storage")) << longer.message;
}

TEST_F(PytorchStreamTest, RefusesWhatDoesNotFit) {
  const auto count_bytes = [](int64_t count) { return number_bytes(count) + float_bytes({42}); };
  const std::string other = number_bytes(int64_t{5}) + float_bytes({1, 2, 3, 4, 5});
  const auto tensor = [](const std::string& key, int64_t count, int64_t extent) {
    return pickle_tensor(whole_storage(key, count), 0, {extent}, {1});
  };
  const struct {
    const char* what;
    std::function<void(TorchStream&)> change;
    const char* says;
  } cases[] = {
      {"magic", [](TorchStream& s) { s.magic[5] = 'x'; }, "without the magic number"},
      {"protocol", [](TorchStream& s) { s.protocol = "\x80\x02M\xe8\x03."; }, "protocol 1001"},
      {"protocol as text",
       [](TorchStream& s) { s.protocol = "\x80\x02" + pickle_text("1001") + "."; },
       "protocol 1001"},
      {"no machine", [](TorchStream& s) { s.machine = "\x80\x02N."; }, "no byte order"},
      {"big-endian",
       [](TorchStream& s) { s.machine = "\x80\x02}" + pickle_text("little_endian") + "\x89s."; },
       "little-endian"},
      {"no order in it", [](TorchStream& s) { s.machine = "\x80\x02}."; }, "little-endian"},
      {"no dict", [](TorchStream& s) { s.dict = "\x80\x02]."; }, "no dict of tensors"},
      {"another global",
       [](TorchStream& s) {
         s.dict =
             "\x80\x02"
             "cos\nsystem\n.";
       },
       "os.system"},
      {"a number in it",
       [](TorchStream& s) {
         s.dict = pickle_dict({{"epoch", pickle_int(3)}});
       },
       "epoch: not a tensor"},
      {"a name twice",
       [&](TorchStream& s) {
         s.dict = pickle_dict({{"a", tensor("77", 5, 5)}, {"a", tensor("9", 1, 1)}});
       },
       "a occurs twice"},
      {"two sizes of a storage",
       [&](TorchStream& s) {
         s.dict = pickle_dict({{"a", tensor("77", 5, 5)}, {"c", tensor("77", 1, 1)}});
       },
       "has 1 elements here and 5 elsewhere"},
      {"outside its storage",
       [&](TorchStream& s) {
         s.dict = pickle_dict({{"a", tensor("77", 5, 6)}, {"c", tensor("9", 1, 1)}});
       },
       "6 elements of a storage that holds 5"},
      {"a key missing", [](TorchStream& s) { s.keys.pop_back(); }, "bytes behind the last storage"},
      {"a key and its storage missing",
       [&](TorchStream& s) {
         s.keys.pop_back();
         s.storages = count_bytes(1);
       },
       "tensor b: its storage 77 is missing"},
      {"a key twice",
       [&](TorchStream& s) {
         s.keys = {"9", "9"};
         s.storages = count_bytes(1) + count_bytes(1);
       },
       "storage 9 occurs twice"},
      {"a key of nobody", [](TorchStream& s) { s.keys[0] = "8"; },
       "storage 8 belongs to no tensor"},
      {"another count", [&](TorchStream& s) { s.storages = count_bytes(2) + other; },
       "storage 9 has 2 elements, expected 1"},
      {"a negative count", [&](TorchStream& s) { s.storages = count_bytes(-1) + other; },
       "storage 9 has -1 elements, expected 1"},
      {"more than the file",
       [&](TorchStream& s) {
         s.dict = pickle_dict({{"c", tensor("9", int64_t{1} << 62, 1)}});
         s.keys = {"9"};
         s.storages = count_bytes(int64_t{1} << 62);
       },
       "4 bytes are left"}};
  for (const auto& c : cases) {
    TorchStream stream = sample_stream();
    c.change(stream);
    const test::Caught error = opened(stream.bytes());
    EXPECT_EQ(error.code, ExitCode::data) << c.what;
    EXPECT_TRUE(error.says(c.says)) << c.what << ": " << error.message;
  }
}

}  // namespace
}  // namespace truenext
