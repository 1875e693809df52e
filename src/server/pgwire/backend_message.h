// Messages of the server, appended to a buffer (protocol 3). Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "coordinator/session_client.h"

namespace penstock::server {

// Opens a message; close_message() writes its length when its body is there.
size_t open_message(std::string& out, char type);
void close_message(std::string& out, size_t opened);

// --- startup ---
void put_authentication_ok(std::string& out);
void put_parameter_status(std::string& out, std::string_view name, std::string_view value);
void put_backend_key(std::string& out, uint32_t connection_id, uint32_t secret);
// What of a newer minor version, or of the options named `_pq_.…`, is not understood.
void put_negotiate_version(std::string& out, std::span<const std::string> unknown_options);

// --- answers ---
void put_ready(std::string& out, char transaction_status);
void put_error(std::string& out, std::string_view severity, const Error& error);
void put_notice(std::string& out, const coordinator::Notice& notice);
void put_command_complete(std::string& out, std::string_view tag);
void put_empty_query(std::string& out);
void put_parse_complete(std::string& out);
void put_bind_complete(std::string& out);
void put_close_complete(std::string& out);
void put_no_data(std::string& out);
void put_portal_suspended(std::string& out);
void put_parameter_description(std::string& out, std::span<const types::SqlType> parameters);
// `formats`: one a column.
void put_row_description(std::string& out, std::span<const coordinator::ResultColumn> columns,
                         std::span<const int16_t> formats);

// --- COPY ---
enum class CopyMode : char { kIn = 'G', kOut = 'H' };
void put_copy_response(std::string& out, CopyMode mode, size_t num_columns, bool binary);
void put_copy_data(std::string& out, std::string_view bytes);
void put_copy_done(std::string& out);

}  // namespace penstock::server
