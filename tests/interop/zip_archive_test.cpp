// SPDX-License-Identifier: Apache-2.0
#include "interop/zip_archive.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "inference/error_text.h"
#include "interop/torch_bytes.h"
#include "support/test_files.h"

namespace truenext {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class ZipArchiveTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) {
    test::write_bytes(folder_ / "a.zip", bytes);
    return folder_ / "a.zip";
  }
  /// Opens and reads all three sample entries.
  std::string error(const std::string& bytes) {
    ExitCode code = ExitCode::ok;
    const std::string text = error_text(
        [&] {
          const ZipArchive archive(write(bytes));
          for (const char* name : {"top/one", "top/data/0", "top/empty"}) archive.read(name);
        },
        &code);
    if (!text.empty()) {
      EXPECT_EQ(code, ExitCode::data);
    }
    return text;
  }
  std::vector<ZipEntry> sample_ = {
      {"top/one", "first bytes"}, {"top/data/0", std::string(300, 'x')}, {"top/empty", ""}};
  test::TemporaryFolder folder_;
};

TEST_F(ZipArchiveTest, ReadsStoredEntriesByTheirDirectory) {
  const ZipArchive archive(write(zip_bytes(sample_, "a comment")));
  EXPECT_EQ(text_of(archive.read("top/one")), "first bytes");
  EXPECT_EQ(archive.size("top/data/0"), 300u);
  EXPECT_EQ(archive.read("top/empty").size(), 0u);
  EXPECT_EQ(archive.find_in_top_folder("data/0"), "top/data/0");
  EXPECT_EQ(archive.find_in_top_folder("0"), "");
  EXPECT_NE(error_text([&] { archive.read("top/two"); }).find("top/two is missing"),
            std::string::npos);
}

TEST_F(ZipArchiveTest, RefusesWhatPyTorchDoesNotWrite) {
  const auto changed = [&](auto&& change) {
    std::vector<ZipEntry> entries = sample_;
    change(entries[1]);
    return error(zip_bytes(entries));
  };
  EXPECT_NE(changed([](ZipEntry& e) { e.method = 8; }).find("compressed"), std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.flags = 1; }).find("encrypted"), std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.claimed_size = 0xffffffff; }).find("ZIP64"),
            std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.claimed_size = 5000; }).find("outside the file"),
            std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.claimed_offset = 3; }).find("local header"),
            std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.claimed_offset = 0x7fffffff; }).find("local header"),
            std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.crc_error = 1; }).find("checksum"), std::string::npos);
  EXPECT_NE(changed([](ZipEntry& e) { e.name = "top/one"; }).find("occurs twice"),
            std::string::npos);
}

TEST_F(ZipArchiveTest, RefusesTwoTopFolders) {
  const ZipArchive archive(write(zip_bytes({{"a/data.pkl", "x"}, {"b/data.pkl", "y"}})));
  EXPECT_NE(error_text([&] { archive.find_in_top_folder("data.pkl"); }).find("one top folder"),
            std::string::npos);
}

TEST_F(ZipArchiveTest, NoCutFileIsTakenForWhole) {
  const std::string bytes = zip_bytes(sample_);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(error(bytes.substr(0, size)), "") << size;
  }
}

TEST_F(ZipArchiveTest, DamagedFilesAreRefusedOrStayInsideTheirBounds) {
  const std::string bytes = zip_bytes(sample_);
  RandomStream random(random_key(4, Purpose::simulate));
  int refused = 0;
  for (int round = 0; round < 600; ++round) {
    std::string damaged = bytes;
    damaged[random.below(static_cast<uint32_t>(damaged.size()))] ^=
        static_cast<char>(1 + random.below(255));
    refused += error(damaged).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 300);
}

}  // namespace
}  // namespace truenext
