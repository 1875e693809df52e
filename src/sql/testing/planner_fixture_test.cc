// See planner_fixture_test.h.
#include "sql/testing/planner_fixture_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "defs/names.h"
#include "sql/bind/binder.h"
#include "sql/lower/lower.h"
#include "sql/parse/parse.h"
#include "types/type_name.h"

namespace penstock::sql {

using catalog::CatalogItem;

Query query_of(const std::string& text) {
  Result<Statement> statement = parse_statement(text);
  CHECK_OP(==, statement ? "" : statement.error().message, "");
  return std::get<SelectStatement>(statement->kind).query;
}

std::string text_of(const Error& error) {
  return std::string(error.state.view()) + ": " + error.message;
}

PlannerFixture::PlannerFixture() : next_id_(defs::kFirstUserId + 1) {
  catalog_.apply(catalog::CreateDatabase{20, "penstock", "penstock"});
  catalog_.apply(catalog::CreateSchema{21, "penstock", "public", "penstock"});
  statement_.now_us = 1'700'000'000'000'000;
  statement_.current_user = "penstock";
}

void PlannerFixture::put(CatalogItem item) {
  item.id = ObjectId{next_id_++};
  if (item.name.database.empty()) item.name.database = "penstock";
  if (item.name.schema.empty()) item.name.schema = "public";
  catalog_.apply(catalog::PutItem{std::make_shared<const CatalogItem>(std::move(item))});
}

void PlannerFixture::table(const std::string& name, const std::string& columns,
                           std::vector<std::vector<size_t>> keys) {
  Result<Statement> statement = parse_statement("CREATE TABLE " + name + " (" + columns + ")");
  CHECK(statement.has_value());
  Result<TablePlan> plan = plan_create_table(std::get<CreateTable>(statement->kind), maintained());
  CHECK_OP(==, plan ? "" : plan.error().message, "");
  CatalogItem item;
  item.kind = catalog::ItemKind::kTable;
  item.name.item = name;
  plan->relation.keys = std::move(keys);
  item.relation = plan->relation;
  item.facts = catalog::TableFacts{plan->defaults};
  database_[CollectionId{next_id_}].columns = plan->relation.column_types();
  put(std::move(item));
}

void PlannerFixture::view(const std::string& name, const std::string& query) {
  Result<QueryPlan> plan = plan_view(query_of(query), {}, context());
  CHECK_OP(==, plan ? "" : plan.error().message, "");
  CatalogItem item;
  item.kind = catalog::ItemKind::kView;
  item.name.item = name;
  item.relation = plan->relation;
  item.facts = catalog::ViewFacts{query};
  put(std::move(item));
}

void PlannerFixture::rows(const std::string& table, const std::string& values) {
  Result<Statement> statement = parse_statement("INSERT INTO " + table + " VALUES " + values);
  CHECK(statement.has_value());
  Result<WritePlan> plan = plan_insert(std::get<InsertStatement>(statement->kind), context());
  CHECK_OP(==, plan ? "" : plan.error().message, "");
  const Contents made = interpret(plan->rows.logical, database_);
  Bag& bag = database_[CollectionId{item(table)->id.value}];
  for (const auto& [text, entry] : made.rows.rows) bag.add(entry.row, entry.diff);
}

catalog::ItemRef PlannerFixture::item(const std::string& name) const {
  return catalog_.item_named({"penstock", "public", name});
}

PlanContext PlannerFixture::context() const {
  PlanContext out = maintained();
  out.statement = &statement_;
  parameters_.clear();
  out.parameters = &parameters_;
  return out;
}

PlanContext PlannerFixture::maintained() const {
  return PlanContext{.catalog = catalog_, .names = {"penstock", {"public"}}};
}

Result<QueryPlan> PlannerFixture::plan(const std::string& query) const {
  return plan_select(query_of(query), context());
}

Result<QueryPlan> PlannerFixture::plan_maintained(const std::string& query) const {
  return plan_view(query_of(query), {}, maintained());
}

plan::CollectionNames PlannerFixture::names() const {
  plan::CollectionNames out;
  for (const auto& [id, known] : catalog_.items()) {
    out.emplace_back(CollectionId{id.value}, known->name.item);
  }
  return out;
}

namespace {

// Errors that were not taken back.
std::set<std::string> errors_of(const Contents& contents) {
  std::set<std::string> out;
  for (const auto& [message, diff] : contents.errors) {
    if (diff != 0) out.insert(message);
  }
  return out;
}

std::string text_of(const Contents& contents, const RowFinishing& finishing) {
  const std::set<std::string> errors = errors_of(contents);
  if (!errors.empty()) return "error: " + *errors.begin();
  std::vector<DatumRow> rows;
  for (const auto& [text, entry] : contents.rows.rows) {
    if (entry.diff < 0) return "negative: " + text;
    for (int64_t i = 0; i < entry.diff; ++i) rows.push_back(entry.row);
  }
  std::ranges::sort(rows, [&](const DatumRow& a, const DatumRow& b) {
    return comes_before(a, b, contents.rows.columns, finishing.order);
  });
  std::string out;
  size_t taken = 0;
  for (size_t i = finishing.offset; i < rows.size(); ++i) {
    if (finishing.limit && taken++ >= *finishing.limit) break;
    DatumRow row;
    ColumnTypes columns;
    for (size_t column : finishing.projection) {
      row.push_back(rows[i][column]);
      columns.push_back(contents.rows.columns[column]);
    }
    if (!out.empty()) out += "|";
    out += row_text(row, columns);
  }
  return out;
}

// A rewritten plan has the same rows. It may spare a row an error, and never adds one.
void expect_refined(const Contents& plain, const Contents& rewritten, const RowFinishing& finishing,
                    const std::string& what) {
  const std::set<std::string> allowed = errors_of(plain);
  for (const std::string& error : errors_of(rewritten)) {
    EXPECT_TRUE(allowed.contains(error)) << "new error: " << error << "\n" << what;
  }
  if (allowed.empty()) {
    EXPECT_EQ(text_of(rewritten, finishing), text_of(plain, finishing)) << what;
  }
}

}  // namespace

std::string PlannerFixture::run(const std::string& query) const {
  Result<QueryPlan> planned = plan(query);
  if (!planned) return sql::text_of(planned.error());
  BinderOptions options;
  options.catalog = &catalog_;
  options.names = {"penstock", {"public"}};
  Binder binder(options);
  Result<BoundQuery> bound = binder.bind_query(query_of(query), nullptr);
  CHECK(bound.has_value());
  const plan::RelRef lowered = lower(bound->rel, binder.ctes());
  const Contents plain = interpret(lowered, database_);
  const Contents optimised = interpret(planned->logical, database_);
  const Contents flowing = interpret(planned->dataflow, database_);
  const RowFinishing& finishing = planned->finishing;
  expect_refined(plain, optimised, finishing,
                 query + "\n" + plan::explain(planned->logical, names()));
  expect_refined(plain, flowing, finishing,
                 query + "\n" + plan::explain(planned->dataflow, names()));
  return text_of(flowing, finishing);
}

std::string PlannerFixture::error(const std::string& query) const {
  Result<QueryPlan> planned = plan(query);
  return planned ? "" : sql::text_of(planned.error());
}

std::string PlannerFixture::explain(const std::string& query) const {
  Result<QueryPlan> planned = plan_maintained(query);
  return planned ? plan::explain(planned->logical, names()) : sql::text_of(planned.error());
}

std::string PlannerFixture::explain_dataflow(const std::string& query) const {
  Result<QueryPlan> planned = plan_maintained(query);
  return planned ? plan::explain(planned->dataflow, names()) : sql::text_of(planned.error());
}

std::string PlannerFixture::type_of(const std::string& query) const {
  Result<QueryPlan> planned = plan_maintained(query);
  if (!planned) return sql::text_of(planned.error());
  std::string out;
  for (const types::ColumnDesc& column : planned->relation.columns) {
    if (!out.empty()) out += ", ";
    out += column.name + " " + types::catalog_name(column.type.type);
    if (column.type.type.modifier >= 0) {
      out += "(" + std::to_string(column.type.type.modifier) + ")";
    }
    if (column.type.nullable) out += " null";
  }
  out += " ";
  for (const auto& key : planned->relation.keys) {
    out += "(";
    for (size_t i = 0; i < key.size(); ++i) out += (i > 0 ? "," : "") + std::to_string(key[i]);
    out += ")";
  }
  return out;
}

}  // namespace penstock::sql
