// PostgreSQL's COPY data: reading text and CSV as it streams in, writing text, CSV and binary.
//
// Text: fields end at the delimiter and rows at a line feed (or CR, or CR LF); backslash escapes.
// CSV: RFC 4180 with QUOTE and ESCAPE; only an unquoted field can be NULL. A row `\.` ends the data
// in text, and in CSV too when it stands alone on its line.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/delta_batch.h"
#include "types/sql_type.h"

namespace penstock::format {

enum class CopyFormat : uint8_t { kText, kCsv, kBinary };

struct CopyOptions {
  CopyFormat format = CopyFormat::kText;
  char delimiter = '\t';
  std::string null_text = "\\N";
  char quote = '"';   // CSV.
  char escape = '"';  // CSV.
  bool header = false;

  static CopyOptions text() { return {}; }
  static CopyOptions csv() { return {CopyFormat::kCsv, ',', "", '"', '"', false}; }
};

// Of one row; views live until the next call on what gave them.
using CopyFields = std::vector<std::optional<std::string_view>>;

// Cuts one line of COPY's text form (without its line end) into fields.
class CopyLineSplitter {
 public:
  explicit CopyLineSplitter(const CopyOptions& options)
      : delimiter_(options.delimiter), null_text_(options.null_text) {}
  const CopyFields& split(std::string_view line);

 private:
  void add_field(std::string_view raw, bool escaped);

  char delimiter_;
  std::string null_text_;
  CopyFields fields_;
  std::string unescaped_;  // Reserved for a whole line before views into it are made.
};

// Takes chunks of any size and gives rows. Owned by one thread.
class CopyReader {
 public:
  // `max_row_bytes` bounds what is kept of a row that has not ended. REQUIRES: not kBinary.
  CopyReader(const CopyOptions& options, size_t max_row_bytes);

  // Adds bytes; then next() until it gives nothing.
  void feed(std::string_view bytes);
  // No more bytes will come: next() then gives a last row that has no line end.
  void end() { ended_ = true; }
  // The next row. Errors 22P04, 54000.
  Result<const CopyFields*> next();
  uint64_t row_number() const { return row_number_; }

 private:
  // Where the row at `begin_` ends and the next begins; nothing when it is not all there.
  struct RowEnd {
    size_t end;
    size_t next;
  };
  std::optional<RowEnd> find_text_end();
  std::optional<RowEnd> find_csv_end();
  Result<const CopyFields*> split_csv(std::string_view row);

  CopyOptions options_;
  size_t max_row_bytes_;
  CopyLineSplitter splitter_;
  std::string buffer_;
  size_t begin_ = 0;
  size_t scanned_ = 0;      // Bytes of the row looked at already.
  bool in_quotes_ = false;  // There.
  bool ended_ = false;
  bool finished_ = false;  // Saw `\.`.
  bool header_left_ = false;
  uint64_t row_number_ = 0;
  CopyFields fields_;
  std::string unquoted_;
};

// Appends one row of a batch, with its line end.
void append_copy_row(const CopyOptions& options, std::span<const types::SqlType> types,
                     const data::DeltaBatch& batch, size_t row, std::string& out);
// What stands before the rows: nothing, the names of a header, or binary's signature.
void append_copy_header(const CopyOptions& options, std::span<const std::string> names,
                        std::string& out);
// What stands behind them: binary's end mark.
void append_copy_trailer(const CopyOptions& options, std::string& out);

}  // namespace penstock::format
