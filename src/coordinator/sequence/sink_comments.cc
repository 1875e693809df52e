// COMMENT ON, as docs of the schemas that a sink publishes: taken down when it is created, so that
// its schemas do not change by themselves.
#include <algorithm>

#include "coordinator/sequence/statements.h"
#include "sql/resolve/item_names.h"

namespace penstock::coordinator {
namespace {

constexpr const char* kOnType = "DOC ON TYPE";
constexpr const char* kOnColumn = "DOC ON COLUMN";

// The item, and the named types that columns of it are made of.
void add_types(const types::SqlType& type, std::vector<ObjectId>& out) {
  if (type.named != ObjectId() && std::ranges::find(out, type.named) == out.end()) {
    out.push_back(type.named);
  }
  if (type.element) add_types(*type.element, out);
  if (!type.fields) return;
  for (const types::ColumnDesc& field : *type.fields) add_types(field.type.type, out);
}

const std::vector<types::ColumnDesc>* columns_of(const catalog::CatalogItem& item) {
  if (item.relation) return &item.relation->columns;
  const auto* type = std::get_if<catalog::TypeFacts>(&item.facts);
  return type != nullptr ? type->type.fields.get() : nullptr;
}

class DocWriter {
 public:
  DocWriter(std::vector<sql::Option>& options, const catalog::CatalogView& catalog)
      : options_(options), catalog_(catalog) {}

  void add(const catalog::CatalogItem& item) {
    put(kOnType, item, nullptr, catalog_.comment(item.id, 0));
    const std::vector<types::ColumnDesc>* columns = columns_of(item);
    for (size_t i = 0; columns != nullptr && i < columns->size(); ++i) {
      put(kOnColumn, item, &(*columns)[i].name, catalog_.comment(item.id, i + 1));
    }
  }

 private:
  // What the statement says itself weighs more.
  void put(const char* name, const catalog::CatalogItem& item, const std::string* column,
           const std::string& comment) {
    if (comment.empty()) return;
    sql::Option option;
    option.name = name;
    option.target = sql::id_reference(item);
    if (column != nullptr) option.target_column = sql::Identifier{*column, true, {}};
    const bool said = std::ranges::any_of(options_, [&](const sql::Option& other) {
      return other.name == option.name && other.target && other.target->id == option.target->id &&
             other.target_column == option.target_column;
    });
    if (said) return;
    option.value = sql::OptionValue{{}, sql::StringLiteral{comment}};
    options_.push_back(std::move(option));
  }

  std::vector<sql::Option>& options_;
  const catalog::CatalogView& catalog_;
};

}  // namespace

void add_comments_as_docs(sql::CreateSink& sink, const catalog::CatalogView& catalog) {
  std::optional<ObjectId> id = sink.from.id ? sql::parse_object_id(*sink.from.id) : std::nullopt;
  catalog::ItemRef from = id ? catalog.item(*id) : nullptr;
  if (!from || !from->relation || !sink.format) return;
  std::vector<ObjectId> documented = {from->id};
  for (const types::ColumnDesc& column : from->relation->columns) {
    add_types(column.type.type, documented);
  }
  auto add_to = [&](sql::Format& format) {
    auto* avro = std::get_if<sql::AvroFormat>(&format.kind);
    auto* registry = avro != nullptr ? std::get_if<sql::CsrReference>(&avro->schema) : nullptr;
    if (registry == nullptr) return;
    DocWriter writer(registry->options, catalog);
    for (ObjectId each : documented) {
      if (catalog::ItemRef item = catalog.item(each)) writer.add(*item);
    }
  };
  if (sink.format->key) add_to(*sink.format->key);
  add_to(sink.format->value);
}

}  // namespace penstock::coordinator
