// What a statement can ask about itself, its session and the server. Calls of statement functions
// are replaced by their values before evaluation; the rest answer drivers and tools.
#include <fmt/core.h>

#include <cmath>

#include "expr/functions/families.h"
#include "expr/interval_value.h"
#include "expr/numeric_value.h"
#include "expr/statement_context.h"
#include "types/array_value.h"
#include "types/type_name.h"

namespace penstock::expr {
namespace {

using std::string;
using types::Datum;
using types::SqlType;
using types::TypeId;
using enum TypeId;
using Context = StatementContext;
using Arguments = std::span<const Datum>;

Datum text(string value) {
  return Datum::bytes(std::move(value));
}

Result<Datum> now(const Context& context, Arguments) {
  return Datum::integer(context.now_us);
}
Result<Datum> mz_now(const Context& context, Arguments) {
  CHECK(context.logical_time_ms.has_value());
  return Datum::integer(static_cast<int64_t>(*context.logical_time_ms));
}
Result<Datum> current_user(const Context& context, Arguments) {
  return text(context.current_user);
}
Result<Datum> session_user(const Context& context, Arguments) {
  return text(context.session_user);
}
Result<Datum> is_superuser(const Context& context, Arguments) {
  return Datum::boolean(context.is_superuser);
}
Result<Datum> current_database(const Context& context, Arguments) {
  return text(context.database);
}
Result<Datum> current_schema(const Context& context, Arguments) {
  return context.search_path.empty() ? Datum::null() : text(context.search_path[0]);
}
Result<Datum> current_schemas(const Context& context, Arguments arguments) {
  std::vector<Datum> schemas;
  if (arguments[0].as_bool()) {
    for (const string& schema : context.system_schemas) schemas.push_back(text(schema));
  }
  for (const string& schema : context.search_path) schemas.push_back(text(schema));
  types::ArrayValue array;
  if (!schemas.empty()) array = types::ArrayValue::one_dimensional(std::move(schemas));
  return Datum::bytes(types::encode_array(SqlType::of(kText), array));
}
Result<Datum> setting(const Context& context, string name, bool missing_ok) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  std::optional<string> value;
  if (context.setting) value = context.setting(name);
  if (value) return text(std::move(*value));
  if (missing_ok) return Datum::null();
  return fail(sql_state::kUndefinedObject,
              fmt::format("unrecognized configuration parameter \"{}\"", name));
}
Result<Datum> current_setting(const Context& context, Arguments arguments) {
  return setting(context, arguments[0].as_bytes(), false);
}
Result<Datum> current_setting_or_null(const Context& context, Arguments arguments) {
  return setting(context, arguments[0].as_bytes(), arguments[1].as_bool());
}
Result<Datum> version(const Context& context, Arguments) {
  return text(context.version);
}
Result<Datum> product_version(const Context& context, Arguments) {
  return text(context.product_version);
}
Result<Datum> product_version_number(const Context& context, Arguments) {
  return Datum::integer(context.product_version_number);
}
Result<Datum> backend_pid(const Context& context, Arguments) {
  return Datum::integer(context.backend_pid);
}
Result<Datum> environment_id(const Context& context, Arguments) {
  return text(context.environment_id);
}
Result<Datum> start_time(const Context& context, Arguments) {
  return Datum::integer(context.start_us);
}
Result<Datum> uptime(const Context& context, Arguments) {
  types::Interval interval{0, 0, context.now_us - context.start_us};
  return Datum::fixed16(interval.to_fixed16());
}

// --- constants and conversions that tools ask for ---

void type_of(KernelCall& call) {
  string name = types::display_name(call.argument_types[0]);
  call.rows.for_each([&](size_t row) { call.out.set_bytes(row, name); });
}

// As format_type prints a type; typmod -1 and NULL mean none.
std::optional<string> format_type(std::optional<uint32_t> oid, std::optional<int32_t> modifier) {
  if (!oid) return std::nullopt;
  std::optional<SqlType> type = types::type_from_oid(*oid);
  if (!type) return types::name_of_oid(*oid).value_or("???");
  string name = types::display_name(*type);
  if (!modifier || *modifier < 0) return name;
  if (type->id == kVarchar || type->id == kBpchar) {
    return fmt::format("{}({})", name, *modifier - 4);
  }
  if (type->id == kNumeric) {
    int32_t packed = *modifier - 4;
    return fmt::format("{}({},{})", name, packed >> 16, packed & 0x7ff);
  }
  return name;
}

string encoding_name(int32_t encoding) {
  return encoding == 6 ? "UTF8" : "";
}
bool always(uint32_t) {
  return true;
}
bool never() {
  return false;
}
// Calls of these are bound as queries of pg_description: sql/bind/description_call.cc.
std::optional<string> no_object_comment(uint32_t) {
  return std::nullopt;
}
std::optional<string> no_comment(uint32_t, std::string_view) {
  return std::nullopt;
}
std::optional<string> no_column_comment(uint32_t, int32_t) {
  return std::nullopt;
}
std::optional<string> no_definition(uint32_t) {
  return std::nullopt;
}
std::optional<string> no_pretty_definition(uint32_t, bool) {
  return std::nullopt;
}
std::string_view stored_expression(std::string_view expression, uint32_t) {
  return expression;
}
std::string_view pretty_expression(std::string_view expression, uint32_t, bool) {
  return expression;
}

// Bytes with the largest unit that keeps the number below 10240, rounded half up.
string size_pretty(const types::Numeric& size) {
  constexpr std::string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  double value = size.to_double();
  size_t unit = 0;
  while (std::abs(value) >= 10240 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.0f} {}", value < 0 ? std::ceil(value - 0.5) : std::floor(value + 0.5),
                     kUnits[unit]);
}

constexpr FunctionSpec statement(std::string_view name,
                                 std::initializer_list<TypePattern> parameters, TypePattern result,
                                 StatementValue value) {
  FunctionSpec out = entry(name, parameters, result, {});
  out.volatility = Volatility::kStatement;
  out.statement_value = value;
  out.nullability = Nullability::kNever;
  return out;
}
constexpr FunctionSpec nullable(FunctionSpec spec) {
  spec.nullability = Nullability::kAlways;
  spec.may_return_null = true;
  return spec;
}
constexpr FunctionSpec logical_time(FunctionSpec spec) {
  spec.volatility = Volatility::kLogicalTime;
  return spec;
}

constexpr FunctionSpec kFunctions[] = {
    statement("now", {}, kTimestampTz, now),
    statement("current_timestamp", {}, kTimestampTz, now),
    logical_time(statement("mz_now", {}, kMzTimestamp, mz_now)),
    statement("current_user", {}, kText, current_user),
    statement("current_role", {}, kText, current_user),
    statement("user", {}, kText, current_user),
    statement("session_user", {}, kText, session_user),
    statement("mz_is_superuser", {}, kBool, is_superuser),
    statement("current_database", {}, kText, current_database),
    statement("current_catalog", {}, kText, current_database),
    nullable(statement("current_schema", {}, kText, current_schema)),
    nullable(statement("current_schemas", {kBool}, array_of(kText), current_schemas)),
    nullable(statement("current_setting", {kText}, kText, current_setting)),
    nullable(statement("current_setting", {kText, kBool}, kText, current_setting_or_null)),
    statement("version", {}, kText, version),
    statement("mz_version", {}, kText, product_version),
    statement("mz_version_num", {}, kInt4, product_version_number),
    statement("pg_backend_pid", {}, kInt4, backend_pid),
    statement("mz_environment_id", {}, kText, environment_id),
    statement("pg_postmaster_start_time", {}, kTimestampTz, start_time),
    statement("mz_uptime", {}, kInterval, uptime),
    seeing_nulls(entry("pg_typeof", {kAny}, kText, batch_kernel(type_of)), Nullability::kNever),
    entry("format_type", {kOid, kInt4}, kText, row_kernel<format_type>),
    entry("pg_encoding_to_char", {kInt4}, kText, row_kernel<encoding_name>),
    entry("pg_is_in_recovery", {}, kBool, row_kernel<never>),
    entry("pg_table_is_visible", {kOid}, kBool, row_kernel<always>),
    entry("pg_type_is_visible", {kOid}, kBool, row_kernel<always>),
    entry("pg_function_is_visible", {kOid}, kBool, row_kernel<always>),
    entry("obj_description", {kOid}, kText, row_kernel<no_object_comment>),
    entry("obj_description", {kOid, kText}, kText, row_kernel<no_comment>),
    entry("shobj_description", {kOid, kText}, kText, row_kernel<no_comment>),
    entry("col_description", {kOid, kInt4}, kText, row_kernel<no_column_comment>),
    entry("pg_get_constraintdef", {kOid}, kText, row_kernel<no_definition>),
    entry("pg_get_constraintdef", {kOid, kBool}, kText, row_kernel<no_pretty_definition>),
    entry("pg_get_expr", {kText, kOid}, kText, row_kernel<stored_expression>),
    entry("pg_get_expr", {kText, kOid, kBool}, kText, row_kernel<pretty_expression>),
    entry("pg_tablespace_location", {kOid}, kText, row_kernel<no_definition>),
    entry("pg_size_pretty", {kNumeric}, kText, row_kernel<size_pretty>),
};

}  // namespace

std::span<const FunctionSpec> system_functions() {
  return kFunctions;
}

}  // namespace penstock::expr
