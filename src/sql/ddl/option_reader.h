// Reads option lists `(NAME = value, ...)`: each option at most once, values converted to what the
// statement needs, and every refusal worded as users of the dialect know it:
// `invalid {OPTION}: {cause}`, `{OPTION} specified more than once`. SQLSTATE 22023 and 42601.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog_view.h"
#include "defs/connection_def.h"
#include "sql/parse/ast_option.h"

namespace penstock::sql {

class OptionReader {
 public:
  // `options` must outlive the reader.
  explicit OptionReader(const std::vector<Option>& options) : options_(options) {}

  Status check_unique() const;
  // The names given that are not in `allowed`, sorted.
  std::vector<std::string> others(const std::vector<std::string_view>& allowed) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  const Option* find(std::string_view name) const;

  Result<std::optional<std::string>> text(std::string_view name) const;
  Result<std::optional<std::vector<std::string>>> texts(std::string_view name) const;
  Result<std::optional<int32_t>> integer(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  Result<std::optional<int64_t>> interval_ms(std::string_view name) const;
  Result<std::optional<std::map<std::string, std::string>>> text_map(std::string_view name) const;
  // SECRET x, which must be a secret.
  Result<std::optional<ObjectId>> secret(std::string_view name, const catalog::CatalogView& catalog,
                                         const catalog::NameContext& context) const;
  // The object that is named, of any kind.
  Result<std::optional<catalog::ItemRef>> object(std::string_view name,
                                                 const catalog::CatalogView& catalog,
                                                 const catalog::NameContext& context) const;
  Result<std::optional<defs::TextOrSecret>> text_or_secret(
      std::string_view name, const catalog::CatalogView& catalog,
      const catalog::NameContext& context) const;

 private:
  const std::vector<Option>& options_;
};

// The text of a string literal or bare word; the cause `cannot use value as string` otherwise.
Result<std::string> option_text(const OptionValue& value);

}  // namespace penstock::sql
