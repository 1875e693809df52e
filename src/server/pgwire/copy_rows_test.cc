// Cutting of COPY data into rows, however it comes.
#include "server/pgwire/copy_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "format/pg/big_endian.h"
#include "server/pgwire/startup_options.h"

namespace penstock::server {
namespace {

using testing::ElementsAre;

// Feeds `bytes` in pieces of `piece` and gives the rows.
std::vector<std::string> rows_of(CopyRows& rows, std::string_view bytes, size_t piece) {
  std::vector<std::string> found;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    rows.feed(bytes.substr(at, piece));
    while (const std::optional<std::string_view> row = rows.next()) found.emplace_back(*row);
  }
  return found;
}

TEST(CopyRows, Text) {
  for (const size_t piece : {1, 2, 3, 100}) {
    CopyRows rows(false);
    EXPECT_THAT(rows_of(rows, "1\ta\n\n22\tb\nrest", piece),
                ElementsAre("1\ta\n", "\n", "22\tb\n"));
    EXPECT_EQ(rows.rest(), "rest");
    EXPECT_EQ(rows.count(), 3U);
  }
}

TEST(CopyRows, Binary) {
  std::string head("PGCOPY\n\377\r\n\0", 11);
  format::put_big_endian<int32_t>(head, 0);
  format::put_big_endian<int32_t>(head, 0);
  std::string row;
  format::put_big_endian<int16_t>(row, 2);
  format::put_big_endian<int32_t>(row, 3);
  row += "a\nb";
  format::put_big_endian<int32_t>(row, -1);
  std::string end;
  format::put_big_endian<int16_t>(end, -1);
  for (const size_t piece : {1, 7, 1000}) {
    CopyRows rows(true);
    EXPECT_THAT(rows_of(rows, head + row + row + end, piece), ElementsAre(head + row, row));
    EXPECT_EQ(rows.rest(), end);
    EXPECT_EQ(rows.count(), 2U);
  }
}

TEST(StartupOptions, Forms) {
  using Pair = std::pair<std::string, std::string>;
  const StartupOptions options =
      parse_startup_options("-c a=1 -cb=2\t--c-d=x=y  -c e=with\\ blank -c f -y g=1 --=2 -c");
  EXPECT_THAT(options.settings, ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c_d", "x=y"),
                                            Pair("e", "with blank")));
  EXPECT_THAT(options.unreadable, ElementsAre("f", "-y", "g=1", "=2", ""));
  EXPECT_TRUE(parse_startup_options("  ").settings.empty());
}

}  // namespace
}  // namespace penstock::server
