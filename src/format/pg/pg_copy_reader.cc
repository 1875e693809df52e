// Reading COPY data.
#include "base/check.h"
#include "format/pg/pg_copy.h"

namespace penstock::format {
namespace {

int octal_digit(char c) {
  return c >= '0' && c <= '7' ? c - '0' : -1;
}
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Appends what the escape at `text` (behind its backslash) means; how long it is.
size_t unescape(std::string_view text, std::string& out) {
  if (text.empty()) {
    out += '\\';
    return 0;
  }
  constexpr std::string_view kFrom = "bfnrtv";
  constexpr std::string_view kTo = "\b\f\n\r\t\v";
  size_t simple = kFrom.find(text[0]);
  if (simple != std::string_view::npos) {
    out += kTo[simple];
    return 1;
  }
  size_t length = 0;
  int value = 0;
  if (text[0] == 'x' && text.size() > 1 && hex_digit(text[1]) >= 0) {
    for (length = 1; length < 3 && length < text.size() && hex_digit(text[length]) >= 0; ++length) {
      value = value * 16 + hex_digit(text[length]);
    }
  } else {
    for (; length < 3 && length < text.size() && octal_digit(text[length]) >= 0; ++length) {
      value = value * 8 + octal_digit(text[length]);
    }
  }
  if (length == 0) {
    out += text[0];
    return 1;
  }
  out += static_cast<char>(value);
  return length;
}

}  // namespace

void CopyLineSplitter::add_field(std::string_view raw, bool escaped) {
  if (raw == null_text_) {
    fields_.emplace_back();
    return;
  }
  if (!escaped) {
    fields_.emplace_back(raw);
    return;
  }
  size_t start = unescaped_.size();
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\') {
      i += unescape(raw.substr(i + 1), unescaped_);
    } else {
      unescaped_ += raw[i];
    }
  }
  fields_.emplace_back(std::string_view(unescaped_).substr(start));
}

const CopyFields& CopyLineSplitter::split(std::string_view line) {
  fields_.clear();
  unescaped_.clear();
  unescaped_.reserve(line.size());
  size_t start = 0;
  bool escaped = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      escaped = true;
      ++i;
    } else if (line[i] == delimiter_) {
      add_field(line.substr(start, i - start), escaped);
      start = i + 1;
      escaped = false;
    }
  }
  add_field(line.substr(start), escaped);
  return fields_;
}

CopyReader::CopyReader(const CopyOptions& options, size_t max_row_bytes)
    : options_(options),
      max_row_bytes_(max_row_bytes),
      splitter_(options),
      header_left_(options.header) {
  CHECK(options.format != CopyFormat::kBinary);
}

void CopyReader::feed(std::string_view bytes) {
  // Rows already given go first, so that the buffer holds one chunk and an unfinished row.
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_ += bytes;
}

std::optional<CopyReader::RowEnd> CopyReader::find_text_end() {
  for (size_t at = begin_ + scanned_; at < buffer_.size(); ++at) {
    char c = buffer_[at];
    bool last = at + 1 == buffer_.size();
    if (c == '\n') return RowEnd{at, at + 1};
    if ((c == '\\' || c == '\r') && last && !ended_) {
      scanned_ = at - begin_;
      return std::nullopt;
    }
    if (c == '\r') return RowEnd{at, !last && buffer_[at + 1] == '\n' ? at + 2 : at + 1};
    if (c == '\\') ++at;
  }
  scanned_ = buffer_.size() - begin_;
  return std::nullopt;
}

std::optional<CopyReader::RowEnd> CopyReader::find_csv_end() {
  for (size_t at = begin_ + scanned_; at < buffer_.size(); ++at) {
    char c = buffer_[at];
    bool last = at + 1 == buffer_.size();
    if (in_quotes_) {
      if (c == options_.escape && options_.escape != options_.quote) {
        if (last && !ended_) {
          scanned_ = at - begin_;
          return std::nullopt;
        }
        // An escape stands only before a quote or another escape.
        if (!last && (buffer_[at + 1] == options_.quote || buffer_[at + 1] == options_.escape)) {
          ++at;
        }
      } else if (c == options_.quote) {
        in_quotes_ = false;  // A doubled quote opens again at once.
      }
    } else if (c == options_.quote) {
      in_quotes_ = true;
    } else if (c == '\n') {
      return RowEnd{at, at + 1};
    } else if (c == '\r') {
      if (last && !ended_) {
        scanned_ = at - begin_;
        return std::nullopt;
      }
      return RowEnd{at, !last && buffer_[at + 1] == '\n' ? at + 2 : at + 1};
    }
  }
  scanned_ = buffer_.size() - begin_;
  return std::nullopt;
}

Result<const CopyFields*> CopyReader::split_csv(std::string_view row) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(row.size());
  size_t at = 0;
  while (true) {
    size_t start = unquoted_.size();
    bool quoted = false;
    bool inside = false;
    for (; at < row.size() && (inside || row[at] != options_.delimiter); ++at) {
      char c = row[at];
      bool escapes = inside && c == options_.escape && at + 1 < row.size() &&
                     (row[at + 1] == options_.quote || row[at + 1] == options_.escape);
      if (escapes) {
        unquoted_ += row[++at];
      } else if (c == options_.quote) {
        inside = !inside;
        quoted = true;
      } else {
        unquoted_ += c;
      }
    }
    if (inside) return fail(sql_state::kBadCopyFileFormat, "unterminated CSV quoted field");
    std::string_view field = std::string_view(unquoted_).substr(start);
    if (!quoted && field == options_.null_text) {
      fields_.emplace_back();
    } else {
      fields_.emplace_back(field);
    }
    if (at >= row.size()) return &fields_;
    ++at;
  }
}

Result<const CopyFields*> CopyReader::next() {
  while (!finished_) {
    std::optional<RowEnd> found =
        options_.format == CopyFormat::kCsv ? find_csv_end() : find_text_end();
    if (!found) {
      if (buffer_.size() - begin_ > max_row_bytes_) {
        return fail(sql_state::kProgramLimitExceeded,
                    "COPY row is longer than " + std::to_string(max_row_bytes_) + " bytes");
      }
      if (!ended_ || begin_ == buffer_.size()) return nullptr;
      found = RowEnd{buffer_.size(), buffer_.size()};
    }
    std::string_view row = std::string_view(buffer_).substr(begin_, found->end - begin_);
    begin_ = found->next;
    scanned_ = 0;
    in_quotes_ = false;
    if (row == "\\.") {
      finished_ = true;
      break;
    }
    ++row_number_;
    if (header_left_) {
      header_left_ = false;
      continue;
    }
    if (options_.format == CopyFormat::kCsv) return split_csv(row);
    return &splitter_.split(row);
  }
  return nullptr;
}

}  // namespace penstock::format
