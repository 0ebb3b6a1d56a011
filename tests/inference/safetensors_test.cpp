// SPDX-License-Identifier: Apache-2.0
#include "inference/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/random.h"
#include "inference/error_text.h"
#include "inference/memory_file.h"
#include "support/test_files.h"

namespace truenext {
namespace {

class Safetensors : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name = "a.safetensors") { return folder_ / name; }

  /// A file with this JSON header and that many bytes of data.
  std::filesystem::path with_header(const std::string& json, size_t data_bytes) {
    std::string text(8, '\0');
    const uint64_t size = json.size();
    std::memcpy(text.data(), &size, sizeof(size));
    test::write_bytes(file("hand.safetensors"), text + json + std::string(data_bytes, 'x'));
    return file("hand.safetensors");
  }
  std::string header_error(const std::string& json, size_t data_bytes) {
    const auto path = with_header(json, data_bytes);
    ExitCode code = ExitCode::ok;
    const std::string text = error_text([&] { SafetensorsFile opened(path); }, &code);
    if (!text.empty()) {
      EXPECT_EQ(code, ExitCode::data);
    }
    expect_the_same_in_memory(path, text);
    return text;
  }
  void expect_the_same_in_memory(const std::filesystem::path& path, const std::string& text) {
    EXPECT_EQ(error_text([&] { SafetensorsFile opened(test::owned_memory(path)); }), text);
    const test::LentFile lent(path);
    EXPECT_EQ(error_text([&] { SafetensorsFile opened(lent.memory()); }), text);
  }

  test::TemporaryFolder folder_;
};

void write_sample(const std::filesystem::path& path) {
  const std::vector<float> floats = {1.5f, -2.0f, 3.25f};
  const std::vector<uint8_t> bytes = {7, 8, 9, 10, 11};
  const std::vector<int64_t> longs = {int64_t{1} << 40, -3};
  SafetensorsWriter writer;
  writer.add_floats("first", {1, 3}, floats);
  writer.add("bytes", DType::u8, {5}, std::as_bytes(std::span(bytes)));
  writer.add("longs", DType::i64, {2}, std::as_bytes(std::span(longs)));
  writer.add_floats("second", {2}, std::span(floats).first(2));
  writer.add_floats("nothing", {0, 4}, {});
  writer.set_metadata("b", "two\nlines and \"quotes\"");
  writer.set_metadata("a", "");
  writer.write(path);
}

TEST_F(Safetensors, ReadsBackWhatWasWritten) {
  write_sample(file());
  const SafetensorsFile opened(file());
  ASSERT_EQ(opened.tensors().size(), 5u);
  EXPECT_EQ(opened.metadata().at("b"), "two\nlines and \"quotes\"");
  EXPECT_EQ(opened.metadata().at("a"), "");
  const int64_t shape[] = {1, 3};
  EXPECT_FLOAT_EQ(opened.floats("first", shape)[2], 3.25f);
  EXPECT_EQ(opened.vector<int64_t>("longs")[1], -3);
  EXPECT_EQ(opened.vector<uint8_t>("bytes")[4], 11);
  EXPECT_EQ(opened.vector<float>("second").size(), 2u);
  EXPECT_EQ(opened.tensors().at("nothing").shape, (std::vector<int64_t>{0, 4}));
}

void expect_equal(const SafetensorsFile& left, const SafetensorsFile& right) {
  EXPECT_EQ(left.metadata(), right.metadata());
  ASSERT_EQ(left.tensors().size(), right.tensors().size());
  for (const auto& [name, tensor] : left.tensors()) {
    const StoredTensor& other = right.tensors().at(name);
    EXPECT_EQ(tensor.dtype, other.dtype) << name;
    EXPECT_EQ(tensor.shape, other.shape) << name;
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, other.bytes)) << name;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(other.bytes.data()) % dtype_size(other.dtype), 0u);
  }
}

TEST_F(Safetensors, ReadsTheSameFromMemory) {
  write_sample(file());
  const SafetensorsFile mapped(file());
  SafetensorsFile owned(test::owned_memory(file()));
  expect_equal(mapped, owned);
  const SafetensorsFile moved(std::move(owned));
  expect_equal(mapped, moved);
  const test::LentFile lent(file());
  expect_equal(mapped, SafetensorsFile(lent.memory()));
}

TEST_F(Safetensors, UsesAlignedMemoryWhereItLies) {
  write_sample(file());
  const MemoryFile memory = test::owned_memory(file());
  const SafetensorsFile lent(MemoryFile{memory.owned, {}, "lent"});
  const std::byte* const begin = memory.owned.data();
  const std::byte* const tensor = lent.tensors().at("first").bytes.data();
  EXPECT_TRUE(begin < tensor && tensor < begin + memory.owned.size());
  EXPECT_EQ(lent.path(), "lent");
  EXPECT_EQ(MemoryFile{}.name, "(memory)");
}

TEST_F(Safetensors, GivesTheSameBytesForTheSameContentAndAlignsEveryTensor) {
  write_sample(file("a"));
  write_sample(file("b"));
  const std::string bytes = read_file(file("a"));
  EXPECT_EQ(bytes, read_file(file("b")));
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof(header));
  EXPECT_EQ(header % 8, 0u);
  const SafetensorsFile opened(file("a"));
  for (const auto& [name, tensor] : opened.tensors()) {
    const auto address = reinterpret_cast<uintptr_t>(tensor.bytes.data());
    EXPECT_EQ(address % dtype_size(tensor.dtype), 0u) << name;
  }
}

TEST_F(Safetensors, NamesTensorsThatAreAbsentOrOfAnotherTypeOrShape) {
  write_sample(file());
  const SafetensorsFile opened(file());
  const int64_t shape[] = {3};
  EXPECT_NE(error_text([&] { opened.floats("third", shape); }).find("tensor third is missing"),
            std::string::npos);
  EXPECT_NE(error_text([&] { opened.floats("bytes", shape); }).find("U8, expected F32"),
            std::string::npos);
  EXPECT_NE(error_text([&] { opened.floats("first", shape); }).find("[1, 3], expected [3]"),
            std::string::npos);
  EXPECT_NE(error_text([&] { opened.vector<float>("first"); }).find("expected a vector"),
            std::string::npos);
}

TEST_F(Safetensors, RefusesHeadersThatDoNotFitTheData) {
  const std::string entry = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  ASSERT_EQ((entry.size() + 8) % 4, 2u);  // the hand-made headers below are padded to stay aligned
  EXPECT_EQ(header_error(entry + "  ", 8), "");
  EXPECT_NE(header_error(entry + "  ", 9).find("1 bytes after the last tensor"), std::string::npos);
  EXPECT_NE(header_error(entry + "  ", 7).find("outside the data"), std::string::npos);
  EXPECT_NE(header_error(entry + "   ", 8).find("not aligned"), std::string::npos);
  const auto one = [&](const std::string& shape, const std::string& range, size_t bytes) {
    return header_error(
        R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + range + "}}", bytes);
  };
  EXPECT_NE(one("[3]", "[0,8]", 8).find("expected 12"), std::string::npos);
  EXPECT_NE(one("[2]", "[8,0]", 8).find("outside the data"), std::string::npos);
  EXPECT_NE(one("[281474976710656,281474976710656]", "[0,8]", 8).find("impossibly large"),
            std::string::npos);
  EXPECT_NE(one("[-2]", "[0,8]", 8).find("the number -2"), std::string::npos);
  EXPECT_NE(one("[2.0]", "[0,8]", 8).find("the number 2.0"), std::string::npos);
  EXPECT_NE(one("[2]", "[0,8,9]", 8).find("two numbers"), std::string::npos);
  EXPECT_NE(one("[2]", "[0]", 8).find("two numbers"), std::string::npos);
  EXPECT_NE(one("[1,1,1,1,1,1,1,1,2]", "[0,8]", 8).find("8 dimensions"), std::string::npos);
}

TEST_F(Safetensors, RefusesRangesThatOverlapOrLeaveGaps) {
  const auto two = [&](const std::string& second, size_t bytes) {
    return header_error(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                        R"("b":{"dtype":"U8","shape":[4],"data_offsets":)" +
                            second + "}}",
                        bytes);
  };
  EXPECT_EQ(two("[4,8]", 8), "");
  EXPECT_NE(two("[2,6]", 8).find("begins at byte 2, the one before ends at 4"), std::string::npos);
  EXPECT_NE(two("[5,9]", 9).find("begins at byte 5"), std::string::npos);
}

TEST_F(Safetensors, RefusesHeadersOfAnotherForm) {
  EXPECT_NE(header_error("[1]", 0).find("not a safetensors file"), std::string::npos);
  EXPECT_NE(header_error("{\"a\":", 0).find("not JSON"), std::string::npos);
  EXPECT_NE(header_error("{} {}", 0).find("not JSON"), std::string::npos);
  EXPECT_NE(header_error(R"({"a":1})", 0).find("the number 1"), std::string::npos);
  EXPECT_NE(header_error(R"({"a":{"dtype":"F32","shape":[0]}})", 0).find("data_offsets"),
            std::string::npos);
  EXPECT_NE(
      header_error(R"({"a":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}})", 0).find("F16"),
      std::string::npos);
  EXPECT_NE(
      header_error(R"({"a":{"dtype":"U8","shape":[[0]],"data_offsets":[0,0]}})", 0).find("a list"),
      std::string::npos);
  EXPECT_NE(header_error(R"({"a":{"dtype":{"x":1},"shape":[0],"data_offsets":[0,0]}})", 0)
                .find("too deeply"),
            std::string::npos);
  const std::string twice = R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_NE(header_error("{" + twice + "," + twice + "}", 0).find("twice"), std::string::npos);
  EXPECT_NE(header_error(R"({"__metadata__":{"a":1}})", 0).find("the number 1"), std::string::npos);
  EXPECT_EQ(header_error(R"({"__metadata__":{"a":"b"}})", 0), "");
  EXPECT_NE(header_error(std::string(100000, '[') + std::string(100000, ']'), 0)
                .find("not a safetensors file"),
            std::string::npos);
  EXPECT_NE(header_error("{\"a\":" + std::string(100000, '[') + "}", 0).find("a list"),
            std::string::npos);
}

TEST_F(Safetensors, RefusesHeaderLengthsBeyondTheFile) {
  std::string text(16, '\xff');
  const auto refusal = [&](std::string_view bytes) {
    test::write_bytes(file(), bytes);
    const std::string said = error_text([&] { SafetensorsFile opened(file()); });
    expect_the_same_in_memory(file(), said);
    return said;
  };
  EXPECT_NE(refusal(text).find("claims a header"), std::string::npos);
  EXPECT_NE(refusal("1234567").find("7 bytes"), std::string::npos);
  EXPECT_NE(refusal("").find("0 bytes"), std::string::npos);
}

// Reads every byte a file claims to hold; run under the address sanitizer this finds wild ranges.
void touch(const std::filesystem::path& path) {
  const SafetensorsFile opened(path);
  unsigned sum = 0;
  for (const auto& [name, tensor] : opened.tensors()) {
    for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
  }
  EXPECT_LT(sum, 1u << 30);
}

TEST_F(Safetensors, NoCutFileIsTakenForWhole) {
  write_sample(file());
  const std::string bytes = read_file(file());
  for (size_t size = 0; size < bytes.size(); ++size) {
    test::write_bytes(file("cut"), std::string_view(bytes).substr(0, size));
    const std::string said = error_text([&] { touch(file("cut")); });
    EXPECT_NE(said, "") << size;
    expect_the_same_in_memory(file("cut"), said);
  }
}

TEST_F(Safetensors, DamagedFilesAreRefusedOrStayInsideTheirBounds) {
  write_sample(file());
  const std::string bytes = read_file(file());
  RandomStream random(random_key(3, Purpose::simulate));
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = bytes;
    const uint32_t flips = 1 + random.below(3);
    for (uint32_t i = 0; i < flips; ++i) {
      damaged[random.below(static_cast<uint32_t>(damaged.size()))] ^=
          static_cast<char>(1u << random.below(8));
    }
    test::write_bytes(file("damaged"), damaged);
    const std::string said = error_text([&] { touch(file("damaged")); });
    if (round % 10 == 0) expect_the_same_in_memory(file("damaged"), said);
    refused += said.empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 500);
}

TEST_F(Safetensors, WriterRefusesShapesThatTheBytesDoNotFill) {
  SafetensorsWriter writer;
  const std::vector<float> floats(3);
  writer.add_floats("a", {4}, floats);
  EXPECT_NE(error_text([&] { writer.write(file()); }).find("tensor a"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file()));
  SafetensorsWriter twice;
  twice.add_floats("a", {3}, floats);
  twice.add_floats("a", {3}, floats);
  EXPECT_NE(error_text([&] { twice.write(file()); }).find("name is taken"), std::string::npos);
}

}  // namespace
}  // namespace truenext
