// Layouts of the server's messages.
#include "server/pgwire/backend_message.h"

#include "format/pg/big_endian.h"
#include "types/type_name.h"

namespace penstock::server {
namespace {

using format::put_big_endian;

void put_c_string(std::string& out, std::string_view text) {
  out += text;
  out += '\0';
}

void put_bare(std::string& out, char type) {
  close_message(out, open_message(out, type));
}

// One field of ErrorResponse; fields that are empty are left out.
void put_field(std::string& out, char code, std::string_view text) {
  if (text.empty()) return;
  out += code;
  put_c_string(out, text);
}

void put_report(std::string& out, char type, std::string_view severity, const Error& error) {
  const size_t message = open_message(out, type);
  put_field(out, 'S', severity);
  put_field(out, 'V', severity);  // Not localised.
  put_field(out, 'C', error.state.view());
  put_field(out, 'M', error.message.empty() ? std::string_view("unknown error") : error.message);
  put_field(out, 'D', error.detail);
  put_field(out, 'H', error.hint);
  if (error.position > 0) put_field(out, 'P', std::to_string(error.position));
  out += '\0';
  close_message(out, message);
}

}  // namespace

size_t open_message(std::string& out, char type) {
  out += type;
  const size_t opened = out.size();
  put_big_endian<int32_t>(out, 0);
  return opened;
}

void close_message(std::string& out, size_t opened) {
  std::string length;
  put_big_endian<uint32_t>(length, static_cast<uint32_t>(out.size() - opened));
  out.replace(opened, length.size(), length);
}

void put_authentication_ok(std::string& out) {
  const size_t message = open_message(out, 'R');
  put_big_endian<int32_t>(out, 0);
  close_message(out, message);
}

void put_parameter_status(std::string& out, std::string_view name, std::string_view value) {
  const size_t message = open_message(out, 'S');
  put_c_string(out, name);
  put_c_string(out, value);
  close_message(out, message);
}

void put_backend_key(std::string& out, uint32_t connection_id, uint32_t secret) {
  const size_t message = open_message(out, 'K');
  put_big_endian(out, connection_id);
  put_big_endian(out, secret);
  close_message(out, message);
}

void put_negotiate_version(std::string& out, std::span<const std::string> unknown_options) {
  const size_t message = open_message(out, 'v');
  constexpr int32_t kVersion30 = 3 << 16;
  put_big_endian(out, kVersion30);
  put_big_endian(out, static_cast<int32_t>(unknown_options.size()));
  for (const std::string& option : unknown_options) put_c_string(out, option);
  close_message(out, message);
}

void put_ready(std::string& out, char transaction_status) {
  const size_t message = open_message(out, 'Z');
  out += transaction_status;
  close_message(out, message);
}

void put_error(std::string& out, std::string_view severity, const Error& error) {
  put_report(out, 'E', severity, error);
}

void put_notice(std::string& out, const coordinator::Notice& notice) {
  put_report(out, 'N', notice.severity, notice.error);
}

void put_command_complete(std::string& out, std::string_view tag) {
  const size_t message = open_message(out, 'C');
  put_c_string(out, tag);
  close_message(out, message);
}

void put_empty_query(std::string& out) {
  put_bare(out, 'I');
}
void put_parse_complete(std::string& out) {
  put_bare(out, '1');
}
void put_bind_complete(std::string& out) {
  put_bare(out, '2');
}
void put_close_complete(std::string& out) {
  put_bare(out, '3');
}
void put_no_data(std::string& out) {
  put_bare(out, 'n');
}
void put_portal_suspended(std::string& out) {
  put_bare(out, 's');
}
void put_copy_done(std::string& out) {
  put_bare(out, 'c');
}

void put_parameter_description(std::string& out, std::span<const types::SqlType> parameters) {
  const size_t message = open_message(out, 't');
  put_big_endian(out, static_cast<uint16_t>(parameters.size()));
  for (const types::SqlType& type : parameters) put_big_endian(out, types::type_oid(type));
  close_message(out, message);
}

void put_row_description(std::string& out, std::span<const coordinator::ResultColumn> columns,
                         std::span<const int16_t> formats) {
  const size_t message = open_message(out, 'T');
  put_big_endian(out, static_cast<uint16_t>(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    const types::SqlType& type = columns[i].type;
    put_c_string(out, columns[i].name);
    put_big_endian<uint32_t>(out, 0);  // No table that it would be a column of.
    put_big_endian<int16_t>(out, 0);
    put_big_endian(out, types::type_oid(type));
    put_big_endian(out, types::type_size_on_wire(type));
    put_big_endian(out, types::type_modifier_on_wire(type));
    put_big_endian(out, formats[i]);
  }
  close_message(out, message);
}

void put_copy_response(std::string& out, CopyMode mode, size_t num_columns, bool binary) {
  const size_t message = open_message(out, static_cast<char>(mode));
  const int16_t format = binary ? 1 : 0;
  put_big_endian(out, static_cast<int8_t>(format));
  put_big_endian(out, static_cast<uint16_t>(num_columns));
  for (size_t i = 0; i < num_columns; ++i) put_big_endian(out, format);
  close_message(out, message);
}

void put_copy_data(std::string& out, std::string_view bytes) {
  const size_t message = open_message(out, 'd');
  out += bytes;
  close_message(out, message);
}

}  // namespace penstock::server
