// Evaluates a secret's expression without ever showing what it came to.
#include "coordinator/sequence/secret_value.h"

#include "sql/planner.h"

namespace penstock::coordinator {
namespace {

constexpr size_t kMaxSecretBytes = 512 * 1024;

// RFC 3629, without surrogates and overlong forms.
bool is_utf8(const std::string& text) {
  size_t i = 0;
  while (i < text.size()) {
    auto byte = static_cast<unsigned char>(text[i]);
    size_t more = byte < 0x80 ? 0 : byte < 0xC2 ? 9 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    if (more == 9 || byte > 0xF4 || i + more >= text.size() + (more == 0 ? 1 : 0)) return false;
    for (size_t j = 1; j <= more; ++j) {
      if ((static_cast<unsigned char>(text[i + j]) & 0xC0) != 0x80) return false;
    }
    auto second = more > 0 ? static_cast<unsigned char>(text[i + 1]) : 0x80;
    if ((byte == 0xE0 && second < 0xA0) || (byte == 0xED && second > 0x9F) ||
        (byte == 0xF0 && second < 0x90) || (byte == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

}  // namespace

Result<SecretString> evaluate_secret(const sql::Expr& value, const SequenceContext& context) {
  sql::PlanContext plan_context{.catalog = context.catalog, .names = context.names};
  plan_context.statement = &context.statement;
  Result<types::Datum> datum =
      sql::evaluate_constant(value, types::SqlType::of(types::TypeId::kBytea), plan_context);
  if (!datum) {
    return fail(sql_state::kInvalidParameterValue, "could not evaluate secret value");
  }
  if (datum->is_null()) {
    return fail(sql_state::kNullNotAllowed, "secret value can not be null");
  }
  if (datum->as_bytes().size() > kMaxSecretBytes) {
    return fail(sql_state::kProgramLimitExceeded, "secrets can not be bigger than 512KiB");
  }
  if (!is_utf8(datum->as_bytes())) {
    return fail(sql_state::kCharacterNotInRepertoire, "secret value must be valid UTF-8");
  }
  return SecretString(datum->as_bytes());
}

}  // namespace penstock::coordinator
