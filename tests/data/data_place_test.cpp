// SPDX-License-Identifier: Apache-2.0
#include "data/data_place.h"

#include <gtest/gtest.h>

#include "base/log.h"
#include "support/test_files.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

TEST(DataPlace, IsTheWayFromTheRun) {
  const struct {
    const char *run, *data, *way;
  } cases[] = {{"runs/a", "data/x", "../../data/x"},
               {"./runs/../runs/a/", "./data/x", "../../data/x"},
               {"a", "a/data", "data"},
               {"/p/run", "/p/data", "../data"}};
  for (const auto& c : cases)
    EXPECT_EQ(way_from_run(c.run, c.data), c.way) << c.run << " " << c.data;
}

TEST(DataPlace, IsFoundWhereverItIs) {
  set_quiet(true);
  const test::TemporaryFolder folder;
  folder.write("moved/runs/a/config.toml", "");
  folder.write("moved/data/dataset.json", "");
  folder.write("moved/other/file", "");
  fs::create_directory_symlink("moved/runs/a", folder / "link");
  folder.write("old/file", "");
  const fs::path run = folder / "moved/runs/a";
  const std::string old = folder / "old", gone = folder / "gone";
  const struct {
    const char* name;
    DataPlace place;
    fs::path found;
  } cases[] = {{"both moved together", {gone, "../../data"}, folder / "moved/data"},
               {"moved away from an older place", {old, "../../data"}, folder / "moved/data"},
               {"only the run moved", {old, "../../../data"}, old},
               {"the same place by two names",
                {folder / "moved/./data", "../../data"},
                folder / "moved/./data"},
               {"something else lies there now", {old, "../../other"}, old},
               {"written before there was a way", {old, ""}, old}};
  for (const auto& c : cases) EXPECT_EQ(find_data(c.place, run, "config.toml"), c.found) << c.name;
  // The way begins where the link leads.
  EXPECT_TRUE(fs::equivalent(find_data({gone, "../../data"}, folder / "link", "config.toml"),
                             folder / "moved/data"));
  set_quiet(false);
}

TEST(DataPlace, ThatIsNowhereNamesWhoSaidSoAndTheWayOut) {
  const test::TemporaryFolder folder;
  const test::Caught error = test::caught([&] {
    find_data({"data/x", "../../data/x"}, folder / "runs/a", "runs/a/config.toml");
  });
  EXPECT_EQ(error.code, ExitCode::data);
  for (const char* part : {"data/x: no such folder", "runs/a/config.toml",
                           "data.from_run = \"../../", "--data FOLDER"}) {
    EXPECT_TRUE(error.says(part)) << part << ": " << error.message;
  }
}

}  // namespace
}  // namespace truenext
