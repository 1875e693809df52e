// Builds a client's messages, and cuts the server's into a readable transcript.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/pg/big_endian.h"

namespace penstock::server::client {

inline std::string framed(char type, std::string_view body) {
  std::string out(1, type);
  format::put_big_endian(out, static_cast<uint32_t>(body.size() + 4));
  return out.append(body);
}
inline std::string zero(std::string_view text) {
  return std::string(text) + '\0';
}
template <typename Int>
std::string number(Int value) {
  std::string out;
  format::put_big_endian(out, value);
  return out;
}

inline std::string untyped(std::string_view body) {
  return number(static_cast<uint32_t>(body.size() + 4)).append(body);
}
inline std::string startup(std::string_view parameters, int32_t version = 3 << 16) {
  return untyped(number(version) + std::string(parameters) + '\0');
}
inline std::string startup() {
  return startup(std::string_view("user\0joe\0", 9));
}
inline std::string ssl_request() {
  return untyped(number<uint32_t>(80877103));
}
inline std::string gss_request() {
  return untyped(number<uint32_t>(80877104));
}
inline std::string cancel_request(uint32_t id, uint32_t secret) {
  return untyped(number<uint32_t>(80877102) + number(id) + number(secret));
}

inline std::string query(std::string_view sql) {
  return framed('Q', zero(sql));
}
inline std::string parse(std::string_view name, std::string_view sql,
                         const std::vector<uint32_t>& oids) {
  std::string body = zero(name) + zero(sql) + number(static_cast<int16_t>(oids.size()));
  for (const uint32_t oid : oids) body += number(oid);
  return framed('P', body);
}
inline std::string formats(const std::vector<int16_t>& codes) {
  std::string out = number(static_cast<int16_t>(codes.size()));
  for (const int16_t code : codes) out += number(code);
  return out;
}
inline std::string bind(std::string_view portal, std::string_view statement,
                        const std::vector<std::optional<std::string>>& parameters,
                        const std::vector<int16_t>& parameter_formats,
                        const std::vector<int16_t>& result_formats) {
  std::string body = zero(portal) + zero(statement) + formats(parameter_formats);
  body += number(static_cast<int16_t>(parameters.size()));
  for (const auto& value : parameters) {
    body += number(value ? static_cast<int32_t>(value->size()) : -1);
    if (value) body += *value;
  }
  return framed('B', body + formats(result_formats));
}
inline std::string describe(char kind, std::string_view name) {
  return framed('D', std::string(1, kind) + zero(name));
}
inline std::string execute(std::string_view portal, int32_t max_rows) {
  return framed('E', zero(portal) + number(max_rows));
}
inline std::string close(char kind, std::string_view name) {
  return framed('C', std::string(1, kind) + zero(name));
}
inline std::string sync() {
  return framed('S', "");
}
inline std::string flush() {
  return framed('H', "");
}
inline std::string copy_data(std::string_view bytes) {
  return framed('d', bytes);
}
inline std::string copy_done() {
  return framed('c', "");
}
inline std::string copy_fail(std::string_view why) {
  return framed('f', zero(why));
}
inline std::string terminate() {
  return framed('X', "");
}

// "name:oid/format …" of a RowDescription.
inline std::string columns_of(format::BigEndianReader& in) {
  std::string line;
  const int16_t count = in.take<int16_t>();
  for (int16_t i = 0; i < count; ++i) {
    if (i > 0) line += ' ';
    line += in.c_string();
    in.bytes(6);
    line += ":" + std::to_string(in.take<uint32_t>());
    in.bytes(6);
    line += "/" + std::to_string(in.take<int16_t>());
  }
  return line;
}

// Values of a DataRow; control characters as numbers.
inline std::string values_of(format::BigEndianReader& in) {
  std::string line;
  const int16_t count = in.take<int16_t>();
  for (int16_t i = 0; i < count; ++i) {
    if (i > 0) line += ' ';
    const int32_t size = in.take<int32_t>();
    if (size < 0) {
      line += "NULL";
      continue;
    }
    for (const char c : in.bytes(static_cast<size_t>(size))) {
      line += c >= ' ' ? std::string(1, c) : "\\" + std::to_string(int{c});
    }
  }
  return line;
}

// One line a message: its type and what of its body is text: "C SELECT 2", "E ERROR 42601 …".
inline std::string line_of(char type, std::string_view body) {
  format::BigEndianReader in(body);
  std::string line(1, type);
  const auto add = [&](std::string_view text) { line.append(" ").append(text); };
  switch (type) {
    case 'C':
      add(in.c_string());
      break;
    case 'Z':
      add(body);
      break;
    case 'S':
      add(in.c_string());
      add(in.c_string());
      break;
    case 'K':
      add(std::to_string(in.take<uint32_t>()));
      add(std::to_string(in.take<uint32_t>()));
      break;
    case 'E':
    case 'N':
      while (true) {
        const char field = in.take<char>();
        if (field == '\0' || in.failed()) break;
        const std::string_view text = in.c_string();
        if (field == 'P') add("at");
        if (field != 'V') add(text);
      }
      break;
    case 'T':
      add(columns_of(in));
      break;
    case 't': {
      const int16_t count = in.take<int16_t>();
      for (int16_t i = 0; i < count; ++i) add(std::to_string(in.take<uint32_t>()));
      break;
    }
    case 'D':
      add(values_of(in));
      break;
    case 'd':
      add(body.substr(0, body.find('\n')));
      break;
    case 'G':
    case 'H':
      add(std::to_string(in.take<int8_t>()));
      add(std::to_string(in.take<int16_t>()));
      break;
    default:
      break;
  }
  return line;
}

// Cuts whole messages off `bytes`. A bare 'N' answers a request for encryption.
inline std::vector<std::string> take_lines(std::string& bytes) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (bytes.size() - at >= 5) {
    const uint32_t length =
        format::get_big_endian<uint32_t>(std::string_view(bytes).substr(at + 1));
    if (bytes.size() - at < 1 + size_t{length}) break;
    lines.push_back(line_of(bytes[at], std::string_view(bytes).substr(at + 5, length - 4)));
    at += 1 + size_t{length};
  }
  bytes.erase(0, at);
  return lines;
}

}  // namespace penstock::server::client
