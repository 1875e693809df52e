// Functions of the statement, replaced before evaluation, and constants for tools.
#include <gtest/gtest.h>

#include "expr/case_table_test.h"
#include "expr/fold.h"

namespace penstock::expr {
namespace {

using types::Datum;

StatementContext context() {
  StatementContext out;
  out.now_us = 1'500'000;
  out.start_us = 500'000;
  out.current_user = "ann";
  out.session_user = "bob";
  out.database = "db";
  out.search_path = {"public"};
  out.system_schemas = {"pg_catalog"};
  out.setting = [](std::string_view name) {
    return name == "timezone" ? std::optional<std::string>("UTC") : std::nullopt;
  };
  return out;
}

std::string resolved(const ScalarRef& expression) {
  Result<ScalarRef> out = resolve_statement_calls(expression, context());
  return out ? answer(*out) : "! " + out.error().message;
}

TEST(System, StatementFunctionsTakeTheirValueFromTheContext) {
  EXPECT_EQ(resolved(call_of("now", {})), "1970-01-01 00:00:01.5+00");
  EXPECT_EQ(resolved(call_of("current_user", {})), "ann");
  EXPECT_EQ(resolved(call_of("session_user", {})), "bob");
  EXPECT_EQ(resolved(call_of("current_schemas", {argument("bool t")})), "{pg_catalog,public}");
  EXPECT_EQ(resolved(call_of("current_setting", {argument("text TimeZone")})), "UTC");
  EXPECT_EQ(resolved(call_of("current_setting", {argument("text nope")})),
            "! unrecognized configuration parameter \"nope\"");
  EXPECT_EQ(resolved(call_of("current_setting", {argument("text nope"), argument("bool t")})),
            "NULL");
  EXPECT_EQ(resolved(call_of("mz_uptime", {})), "00:00:01");
}

TEST(System, LogicalTimeStaysACallWithoutAValue) {
  ScalarRef call = call_of("mz_now", {});
  EXPECT_EQ(*resolve_statement_calls(call, context()), call);
  StatementContext timed = context();
  timed.logical_time_ms = 42;
  EXPECT_EQ((*resolve_statement_calls(call, timed))->literal, Datum::integer(42));
  EXPECT_EQ(find_volatile_call(*call_of("||", {argument("text a"), call_of("now", {})}))->name,
            "now");
  EXPECT_EQ(find_volatile_call(*argument("int4 1")), nullptr);
}

TEST(System, ForTools) {
  check_cases({
      {"pg_typeof", {"NULL int4"}, "integer"},
      {"pg_typeof", {"timestamptz 2020-01-01"}, "timestamp with time zone"},
      {"format_type", {"oid 23", "NULL int4"}, "integer"},
      {"format_type", {"oid 1043", "int4 14"}, "character varying(10)"},
      {"format_type", {"oid 1700", "int4 655366"}, "numeric(10,2)"},
      {"format_type", {"NULL oid", "NULL int4"}, "NULL"},
      {"pg_table_is_visible", {"oid 1"}, "t"},
      {"obj_description", {"oid 1", "text pg_class"}, "NULL"},
      {"pg_size_pretty", {"numeric 10239"}, "10239 bytes"},
      {"pg_size_pretty", {"numeric 10240"}, "10 kB"},
      {"pg_size_pretty", {"numeric 123456789"}, "118 MB"},
  });
}

}  // namespace
}  // namespace penstock::expr
