// COPY data: rows out of chunks of every size, and rows written.
#include "format/pg/pg_copy.h"

#include <gtest/gtest.h>

#include "format/pg/pg_text.h"

namespace penstock::format {
namespace {

using Rows = std::vector<std::vector<std::string>>;  // "<null>" for NULL

Result<Rows> read_all(const CopyOptions& options, std::string_view text, size_t chunk) {
  CopyReader reader(options, 1000);
  Rows rows;
  for (size_t at = 0; at <= text.size(); at += chunk) {
    reader.feed(text.substr(at, chunk));
    if (at + chunk > text.size()) reader.end();
    while (true) {
      Result<const CopyFields*> row = reader.next();
      if (!row) return std::unexpected(row.error());
      if (!*row) break;
      std::vector<std::string> fields;
      for (const auto& field : **row) fields.emplace_back(field ? *field : "<null>");
      rows.push_back(fields);
    }
  }
  return rows;
}

void expect_rows(const CopyOptions& options, std::string_view text, const Rows& expected) {
  for (size_t chunk : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{1000}}) {
    Result<Rows> rows = read_all(options, text, chunk);
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    EXPECT_EQ(*rows, expected) << text << " by " << chunk;
  }
}

TEST(CopyReader, Text) {
  CopyOptions options = CopyOptions::text();
  expect_rows(options, "1\ta\n2\t\\N\n", {{"1", "a"}, {"2", "<null>"}});
  expect_rows(options, "a\\tb\\\\\\n\\x41\\101\\q\n", {{"a\tb\\\nAAq"}});
  expect_rows(options, "a\\\nb\tc\n", {{"a\nb", "c"}});
  expect_rows(options, "a\\\tb\n", {{"a\tb"}});
  expect_rows(options, "1\r\n2\r\n3", {{"1"}, {"2"}, {"3"}});
  expect_rows(options, "1\n\\.\nrest\n", {{"1"}});
  expect_rows(options, "\n", {{""}});
  expect_rows(options, "", {});
  options.header = true;
  options.delimiter = '|';
  options.null_text = "-";
  expect_rows(options, "x|y\n-|\\-\n", {{"<null>", "-"}});
}

TEST(CopyReader, Csv) {
  CopyOptions options = CopyOptions::csv();
  expect_rows(options, "1,a\n2,\n3,\"\"\n", {{"1", "a"}, {"2", "<null>"}, {"3", ""}});
  expect_rows(options, "\"a,\"\"b\"\"\nc\",d\r\n", {{"a,\"b\"\nc", "d"}});
  expect_rows(options, "a\"b,c\"d\n", {{"ab,cd"}});
  expect_rows(options, "1\n\\.\nrest\n", {{"1"}});
  options.escape = '\\';
  options.quote = '\'';
  options.header = true;
  expect_rows(options, "h\n'it\\'s \\\\ \\n'\n", {{"it's \\ \\n"}});
  EXPECT_EQ(read_all(CopyOptions::csv(), "\"abc\n", 3).error().message,
            "unterminated CSV quoted field");
}

TEST(CopyReader, LimitsARow) {
  EXPECT_EQ(read_all(CopyOptions::text(), std::string(1500, 'x'), 100).error().state.view(),
            "54000");
}

TEST(CopyWriter, WritesWhatTheReaderReads) {
  std::vector<types::SqlType> types = {types::SqlType::of(types::TypeId::kText),
                                       types::SqlType::of(types::TypeId::kBool)};
  std::vector<data::PhysicalKind> kinds = {data::PhysicalKind::kBytes, data::PhysicalKind::kBool8};
  data::BatchBuilder builder(kinds);
  const std::vector<std::string> texts = {"a\tb\\\n", "", "q\"uote,", "\\N", "x"};
  for (const std::string& text : texts) {
    builder.append_row(std::vector{types::Datum::bytes(text), types::Datum::boolean(true)}, 1);
  }
  builder.append_row(std::vector{types::Datum::null(), types::Datum::boolean(false)}, 1);
  data::DeltaBatch batch = builder.finish();
  for (const CopyOptions& options : {CopyOptions::text(), CopyOptions::csv()}) {
    std::string out;
    for (size_t row = 0; row < batch.size(); ++row)
      append_copy_row(options, types, batch, row, out);
    Rows expected;
    for (const std::string& text : texts) expected.push_back({text, "t"});
    expected.push_back({"<null>", "f"});
    expect_rows(options, out, expected);
  }
  std::string text;
  append_copy_row(CopyOptions::text(), types, batch, 0, text);
  append_copy_row(CopyOptions::csv(), types, batch, 2, text);
  append_copy_row(CopyOptions::csv(), types, batch, 5, text);
  EXPECT_EQ(text, "a\\tb\\\\\\n\tt\n\"q\"\"uote,\",t\n,f\n");
}

TEST(CopyWriter, Binary) {
  CopyOptions options = CopyOptions::text();
  options.format = CopyFormat::kBinary;
  std::vector<types::SqlType> types = {types::SqlType::of(types::TypeId::kInt2)};
  std::vector<data::PhysicalKind> kinds = {data::PhysicalKind::kInt16};
  data::BatchBuilder builder(kinds);
  builder.append_row(std::vector{types::Datum::integer(258)}, 1);
  builder.append_row(std::vector{types::Datum::null()}, 1);
  data::DeltaBatch batch = builder.finish();
  std::string out;
  append_copy_header(options, {}, out);
  append_copy_row(options, types, batch, 0, out);
  append_copy_row(options, types, batch, 1, out);
  append_copy_trailer(options, out);
  EXPECT_EQ(out, std::string("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"
                             "\0\1\0\0\0\2\1\2"
                             "\0\1\xff\xff\xff\xff"
                             "\xff\xff",
                             35));
}

}  // namespace
}  // namespace penstock::format
