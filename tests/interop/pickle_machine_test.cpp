// SPDX-License-Identifier: Apache-2.0
#include "interop/pickle_machine.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "inference/error_text.h"
#include "interop/torch_bytes.h"

namespace truenext {
namespace {

using Kind = PickleValue::Kind;

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string load_error(const std::string& pickle) {
  ExitCode code = ExitCode::ok;
  const std::string text = error_text(
      [&] {
        PickleMachine machine(as_bytes(pickle), "a.pt: data.pkl");
        machine.load();
      },
      &code);
  if (!text.empty()) {
    EXPECT_EQ(code, ExitCode::data);
  }
  return text;
}

std::string sample() {
  const std::string storage = pickle_storage("0", 12);
  return pickle_dict({{"a", pickle_tensor(storage, 0, {3, 4}, {4, 1})},
                      {"b", pickle_tensor(storage, 2, {2}, {4})}});
}

TEST(PickleMachine, ReadsAStateDict) {
  const std::string pickle = sample();
  PickleMachine machine(as_bytes(pickle), "a.pt");
  const PickleValue& dict = machine.load();
  ASSERT_EQ(dict.kind, Kind::dict);
  ASSERT_EQ(dict.items.size(), 4u);
  EXPECT_EQ(dict.items[0]->text, "a");
  const PickleValue& tensor = *dict.items[1];
  ASSERT_EQ(tensor.kind, Kind::tensor);
  EXPECT_EQ(tensor.items[0]->text, "0");
  EXPECT_EQ(tensor.items[0]->integer, 12);
  EXPECT_EQ(tensor.items[2]->items[1]->integer, 4);
  EXPECT_EQ(machine.position(), pickle.size());
}

TEST(PickleMachine, ReadsEveryNumberFormAndTheMemo) {
  std::string pickle = "\x80\x02(K\xffM";
  pickle += number_bytes<uint16_t>(65535) + "J" + number_bytes<int32_t>(-7);
  pickle += std::string("\x8a\x00", 2) + "\x8a\x01\xff" + "\x8a\x02" + number_bytes<uint16_t>(200);
  pickle += "\x8a\x08" + number_bytes<int64_t>(int64_t{1} << 40);
  pickle += "\x88\x89N]q\x05h\x05r" + number_bytes<uint32_t>(9) + "j" + number_bytes<uint32_t>(9);
  pickle +=
      "K\x01"
      "a(K\x02K\x03"
      "ett.";  // nested tuple needs its own mark
  PickleMachine broken(as_bytes(pickle), "a.pt");
  EXPECT_NE(error_text([&] { broken.load(); }), "");
  pickle.erase(pickle.size() - 2, 1);
  PickleMachine machine(as_bytes(pickle), "a.pt");
  const PickleValue& tuple = machine.load();
  ASSERT_EQ(tuple.kind, Kind::tuple);
  const int64_t wanted[] = {255, 65535, -7, 0, -1, 200, int64_t{1} << 40, 1, 0};
  for (size_t i = 0; i < std::size(wanted); ++i) EXPECT_EQ(tuple.items[i]->integer, wanted[i]) << i;
  EXPECT_EQ(tuple.items[9]->kind, Kind::none);
  ASSERT_EQ(tuple.items.size(), 13u);
  EXPECT_EQ(tuple.items[10], tuple.items[12]);  // one list, three times
  EXPECT_EQ(tuple.items[10]->items.size(), 3u);
}

TEST(PickleMachine, ReadsOnePickleAfterTheOther) {
  const std::string pickles = "\x80\x02K\x07.\x80\x02K\x08.";
  PickleMachine machine(as_bytes(pickles), "a.pt");
  EXPECT_EQ(machine.load().integer, 7);
  EXPECT_EQ(machine.position(), 5u);
  EXPECT_EQ(machine.load().integer, 8);
}

TEST(PickleMachine, NamesTheGlobalItRefuses) {
  const std::string text = load_error(
      "\x80\x02"
      "cos\nsystem\n" +
      pickle_tuple({pickle_text("echo hello")}) + "R.");
  EXPECT_NE(text.find("the global os.system"), std::string::npos) << text;
  EXPECT_NE(text.find("Nothing was executed"), std::string::npos) << text;
  for (const char* global : {"cbuiltins\neval\n", "c__builtin__\neval\n", "ctorch\nDoubleStorage\n",
                             "ccollections\nOrderedDict2\n", "c\n\n", "ctorch\nFloatStorage x\n",
                             "ctorch FloatStorage\n\n"}) {
    EXPECT_NE(load_error("\x80\x02" + std::string(global) + ".").find("the global"),
              std::string::npos)
        << global;
  }
  EXPECT_NE(load_error("\x80\x02"
                       "c" +
                       std::string(5000, 'a'))
                .find("without an end"),
            std::string::npos);
}

TEST(PickleMachine, NamesTheOperationItRefuses) {
  // INST, OBJ, NEWOBJ, STACK_GLOBAL, REDUCE's relatives, PERSID, DUP, POP, FRAME, EXT1, LONG4.
  for (const char operation : {'i', 'o', '\x81', '\x93', 'P', '2', '0', '\x95', '\x82', '\x8b'}) {
    EXPECT_NE(load_error(std::string("\x80\x02") + operation + ".").find("operation 0x"),
              std::string::npos)
        << operation;
  }
  EXPECT_NE(load_error("\x80\x04.").find("protocol 4"), std::string::npos);
}

TEST(PickleMachine, CallsNothingAndBuildsOnlyDicts) {
  EXPECT_NE(load_error("\x80\x02"
                       "ctorch\nFloatStorage\n)R.")
                .find("a call of torch FloatStorage"),
            std::string::npos);
  EXPECT_NE(load_error("\x80\x02K\x01)R.").find("a call of a int"), std::string::npos);
  EXPECT_NE(load_error("\x80\x02"
                       "ccollections\nOrderedDict\n(K\x01tR.")
                .find("1 arguments"),
            std::string::npos);
  EXPECT_NE(load_error("\x80\x02"
                       "ccollections\nOrderedDict\n}b.")
                .find("BUILD on a global"),
            std::string::npos);
  EXPECT_NE(load_error("\x80\x02"
                       "ctorch._utils\n_rebuild_tensor_v2\n)R.")
                .find("a tensor that"),
            std::string::npos);
}

TEST(PickleMachine, RefusesDamagedStacksAndMemos) {
  const char* const broken[] = {"\x80\x02.",
                                "\x80\x02t.",
                                "\x80\x02K\x01K\x02.",
                                "\x80\x02(.",
                                "\x80\x02h\x07.",
                                "\x80\x02q\x07.",
                                "\x80\x02\x87.",
                                "\x80\x02}K\x01s.",
                                "\x80\x02}(K\x01u.",
                                "\x80\x02K\x01K\x02"
                                "a.",
                                "\x80\x02(K\x01K\x02(R.",
                                "\x80\x02Q."};
  for (const char* pickle : broken) EXPECT_NE(load_error(pickle), "") << pickle;
  EXPECT_NE(load_error("\x80\x02K\x01(\x85.").find("empty stack"), std::string::npos);
  EXPECT_NE(load_error("\x80\x02\x8a\x09"
                       "123456789.")
                .find("9 bytes"),
            std::string::npos);
  EXPECT_NE(load_error("\x80\x02X\xff\xff\xff\xff"
                       "abc.")
                .find("4294967295 more bytes"),
            std::string::npos);
}

TEST(PickleMachine, RefusesPersistentIdsOfAnotherForm) {
  EXPECT_NE(load_error("\x80\x02" + pickle_storage("0", -1) + ".").find("persistent id"),
            std::string::npos);
  EXPECT_NE(load_error("\x80\x02" + pickle_storage("0", 3, pickle_text("FloatStorage")) + ".")
                .find("persistent id"),
            std::string::npos);
  EXPECT_NE(load_error("\x80\x02K\x01Q.").find("persistent id"), std::string::npos);
  const std::string type = "ctorch\nFloatStorage\n";
  EXPECT_EQ(load_error("\x80\x02" + pickle_storage("0", 3, type, "N") + "."), "");
  EXPECT_NE(load_error("\x80\x02" + pickle_storage("0", 3, type, ")") + ".").find("persistent id"),
            std::string::npos);
}

TEST(PickleMachine, StaysSmallWhateverIsAskedOfIt) {
  // Depth: a million lists, each inside the one before.
  std::string deep = "\x80\x02";
  for (int i = 0; i < 1000000; ++i) deep += "]";
  for (int i = 0; i < 999999; ++i) deep += "a";
  EXPECT_EQ(load_error(deep + "."), "");
  // Cycles: a list and a dict that contain themselves.
  EXPECT_EQ(load_error("\x80\x02]q\x01h\x01"
                       "a."),
            "");
  EXPECT_EQ(load_error("\x80\x02}q\x01K\x01h\x01s."), "");
  // Doubling through the memo: twice the one before, a hundred thousand times.
  std::string doubling = "\x80\x02Nq\x01";
  for (int i = 0; i < 100000; ++i) doubling += "h\x01\x86q\x01";
  EXPECT_EQ(load_error(doubling + "."), "");
  // Too many values, too many operations.
  EXPECT_NE(load_error("\x80\x02(" + std::string(1100000, 'N')).find("more values"),
            std::string::npos);
  std::string loads = "\x80\x02Nq\x01(";
  for (int i = 0; i < 4300000; ++i) loads += "h\x01";
  EXPECT_NE(load_error(loads).find("more operations"), std::string::npos);
  // A huge shape that many tensors share is looked at only once.
  std::string shapes = "\x80\x02(";
  for (int i = 0; i < 500000; ++i) shapes += "K\x01";
  shapes += "tq\x01";
  const std::string wide =
      "ctorch._utils\n_rebuild_tensor_v2\n(" + pickle_storage("0", 1) + "K\x01h\x01h\x01\x89}tR";
  EXPECT_NE(load_error(shapes + wide + ".").find("rank 0 to 8"), std::string::npos)
      << load_error(shapes + wide + ".");
}

TEST(PickleMachine, NoCutPickleIsTakenForWhole) {
  const std::string pickle = sample();
  for (size_t size = 0; size < pickle.size(); ++size) {
    EXPECT_NE(load_error(pickle.substr(0, size)), "") << size;
  }
}

TEST(PickleMachine, SurvivesRandomDamage) {
  const std::string pickle = sample();
  RandomStream random(random_key(5, Purpose::simulate));
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = pickle;
    for (uint32_t i = 0; i < 1 + random.below(4); ++i) {
      damaged[random.below(static_cast<uint32_t>(damaged.size()))] =
          static_cast<char>(random.below(256));
    }
    refused += load_error(damaged).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace truenext
