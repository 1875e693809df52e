// The value of CREATE SECRET ... AS expr and ALTER SECRET ... AS expr.
#pragma once

#include "base/result.h"
#include "base/secret_string.h"
#include "coordinator/sequence/context.h"
#include "sql/parse/ast_expression.h"

namespace penstock::coordinator {

// Errors never quote the value.
Result<SecretString> evaluate_secret(const sql::Expr& value, const SequenceContext& context);

}  // namespace penstock::coordinator
