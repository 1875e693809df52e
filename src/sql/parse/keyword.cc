// The table of keywords, sorted.
#include "sql/parse/keyword.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

namespace penstock::sql {
namespace {

// clang-format off
constexpr std::string_view kKeywords[] = {
    "ABORT", "ACCESS", "ACCOUNT", "ACTION", "ADD", "ADDRESSES", "ADOPT", "AGGREGATE", "ALIGNED", "ALL", "ALTER",
    "ANALYZE", "AND", "ANY", "APPEND", "APPLY", "ARN", "ARRAY", "AS", "ASC", "ASSERT", "ASSUME", "AT",
    "AUCTION", "AUDIT", "AUTHORITY", "AVAILABILITY", "AVRO", "AWS", "BATCH", "BEGIN", "BETWEEN", "BODY",
    "BOTH", "BOUNDED", "BROKER", "BROKERS", "BY", "BYTES", "CARDINALITY", "CASCADE", "CASE",
    "CAST", "CATALOG", "CERTIFICATE", "CHAIN", "CHARACTERISTICS", "CHECK", "CLASS", "CLOCK",
    "CLOSE", "CLUSTER", "CLUSTERS", "COALESCE", "COLLATE", "COLLECTION", "COLUMN", "COLUMNS", "COMMENT",
    "COMMIT", "COMMITTED", "COMPATIBILITY", "COMPRESSION", "CONFIG", "CONFLUENT", "CONNECTION",
    "CONNECTIONS", "CONSTRAINT", "COPY", "COUNT", "COUNTER", "CPU", "CREATE", "CREATECLUSTER",
    "CREATEDB", "CREATENETWORKPOLICY", "CREATEROLE", "CREATION", "CREDENTIAL", "CROSS", "CSV",
    "CURRENT", "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_SCHEMA",
    "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURSOR", "DATABASE", "DATABASES",
    "DATUMS", "DAY", "DAYS", "DEAD", "DEALLOCATE", "DEBEZIUM", "DEBUGGING", "DECLARE", "DECODING",
    "DECORRELATED", "DEFAULT", "DEFAULTS", "DELETE", "DELIMITED", "DELIMITER", "DELIVERY", "DESC",
    "DETAILS", "DIFFERENCE", "DISCARD", "DISK", "DISTINCT", "DOC", "DOT", "DROP", "ELEMENT", "ELSE", "ENCODING", "END",
    "ENDPOINT", "ENFORCED", "ENVELOPE", "ERROR", "ERRORS", "ESCAPE", "ESTIMATE", "EVERY",
    "EXCEPT", "EXCLUDE", "EXECUTE", "EXISTS", "EXPECTED", "EXPLAIN", "EXPOSE", "EXTRACT",
    "FACTOR", "FALSE", "FETCH", "FIELDS", "FILE", "FILES", "FILTER", "FIRST", "FOLLOWING", "FOR", "FORCE",
    "FOREIGN", "FORMAT", "FORWARD", "FROM", "FULL", "FULLNAME", "FUNCTION", "FUNCTIONS", "GCP",
    "GENERATOR", "GLUE", "GRANT", "GREATEST", "GROUP", "GROUPS", "GUARANTEE", "HAVING", "HEADER", "HEADERS",
    "HINTS", "HISTORY", "HOLD", "HOST", "HOUR", "HOURS", "HYDRATION", "ICEBERG", "ID", "IDS",
    "IF", "IGNORE", "ILIKE", "IN", "INCLUDE", "INDEX", "INDEXES", "INHERIT", "INLINE", "INNER",
    "INPUT", "INSERT", "INTERSECT", "INTERVAL", "INTO", "INTROSPECTION", "IS", "ISNULL",
    "ISOLATION", "JOIN", "JSON", "KAFKA", "KEY", "KEYS", "LAST", "LATERAL", "LATEST", "LEADING",
    "LEAST", "LEFT", "LEGACY", "LETTER", "LEVEL", "LIKE", "LIMIT", "LINGER", "LIST", "LOAD", "LOCAL", "LOCALLY",
    "LOCALTIME", "LOCALTIMESTAMP", "LOGIN", "MANAGED", "MANUAL", "MAP", "MARKETING", "MATCHING",
    "MATERIALIZE", "MATERIALIZED", "MAX", "MECHANISMS", "MEMBERSHIP", "MEMORY", "MESSAGE", "MESSAGES",
    "METADATA", "MINUTE", "MINUTES", "MODE", "MONTH", "MONTHS", "MUTUALLY", "MYSQL", "NAME",
    "NAMES", "NATURAL", "NETWORK", "NEXT", "NO", "NOCREATECLUSTER", "NOCREATEDB",
    "NOCREATEROLE", "NOINHERIT", "NOLOGIN", "NONE", "NORMALIZE", "NOSUPERUSER", "NOT", "NOTNULL",
    "NULL", "NULLIF", "NULLS", "OBJECT", "OBJECTS", "OF", "OFFSET", "ON", "ONLY", "OPERATION", "OPERATOR",
    "OPTIMIZED", "OPTIONS", "OR", "ORDER", "ORDINALITY", "OUTER", "OVER", "OWNED", "OWNER",
    "PARTITION", "PARTITIONS", "PASSWORD", "PATTERN", "PHYSICAL", "PLAN", "PLANS", "POLICIES",
    "POLICY", "PORT", "POSITION", "POSTGRES", "PRECEDING", "PREFIX", "PREPARE", "PRIMARY",
    "PRIVATELINK", "PRIVILEGES", "PRODUCER", "PROGRESS", "PROTOBUF", "PROTOCOL", "PUBLIC", "PUBLICATION",
    "PUSHDOWN", "QUALIFY", "QUOTE", "RANGE", "RATE", "RAW", "READ", "RECURSION", "RECURSIVE", "REDACTED",
    "REFERENCE", "REFERENCES", "REFRESH", "REFUSED", "REGEX", "REGION", "REGISTRY", "RENAME", "REPEATABLE",
    "REPLACE", "REPLACEMENT", "REPLAN", "REPLICA", "REPLICAS", "REPLICATION", "RESET", "RESOLVED", "RESPECT",
    "RESTART", "RESTRICT", "RETAIN", "RETURN", "RETURNING", "REVOKE", "RIGHT", "ROLE", "ROLES", "ROLLBACK",
    "ROTATE", "ROUNDS", "ROW", "ROWS", "SASL", "SCALE", "SCHEDULE", "SCHEMA", "SCHEMAS", "SCOPE",
    "SCRIPT", "SECOND", "SECONDS", "SECRET", "SECRETS", "SECURITY", "SEED", "SELECT",
    "SEQUENCES", "SERIALIZABLE", "SERVER", "SERVICE", "SESSION", "SESSION_USER", "SET", "SHOW",
    "SINK", "SINKS", "SIZE", "SNAPSHOT", "SOME", "SOURCE", "SOURCES", "SQL", "SSH", "SSL",
    "STALENESS", "START", "STDIN", "STDOUT", "STRATEGY", "STRICT", "STRONG", "SUBSCRIBE",
    "SUBSOURCE", "SUBSOURCES", "SUBSTRING", "SUPERUSER", "SWAP", "SYMMETRIC", "SYSTEM", "TABLE",
    "TABLES", "TASK", "TEMP", "TEMPORARY", "TEXT", "THEN", "TICK", "TIES", "TIME", "TIMEOUT",
    "TIMESTAMP", "TO", "TOKEN", "TOMBSTONES", "TOPIC", "TPCH", "TRAILING", "TRANSACTION", "TRANSACTIONAL",
    "TRIM", "TRUE", "TUNNEL", "TYPE", "TYPES", "UNBOUNDED", "UNCOMMITTED", "UNION", "UNIQUE",
    "UNKNOWN", "UP", "UPDATE", "UPSERT", "URL", "USAGE", "USER", "USERNAME", "USERS", "USING",
    "VALIDATE", "VALUE", "VALUES", "VARYING", "VERBOSE", "VERSION", "VIEW", "VIEWS", "VIOLATIONS", "WAREHOUSE", "WEBHOOK",
    "WHEN", "WHERE", "WINDOW", "WIRE", "WITH", "WITHIN", "WITHOUT", "WORK", "WORKLOAD", "WRITE",
    "YEAR", "YEARS", "ZONE", "ZONES",
};

constexpr std::string_view kAlwaysReserved[] = {
    "EXCEPT", "FETCH", "FROM", "GROUP", "HAVING", "INTERSECT", "LIMIT", "OFFSET", "OPTIONS",
    "ORDER", "QUALIFY", "RETURNING", "SELECT", "UNION", "WHERE", "WINDOW", "WITH",
};
constexpr std::string_view kReservedInExpression[] = {
    "ARRAY", "CASE", "CAST", "FALSE", "NOT", "NULL", "TRUE",
};
constexpr std::string_view kReservedAsTableAlias[] = {
    "CROSS", "FULL", "INNER", "JOIN", "LEFT", "NATURAL", "ON", "OUTER", "RIGHT", "SET", "USING",
};
constexpr std::string_view kReservedAsColumnAlias[] = {
    "DAY", "HOUR", "MINUTE", "MONTH", "SECOND", "YEAR",
};
constexpr std::string_view kBareFunctions[] = {
    "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME",
    "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP", "SESSION_USER", "USER",
};
// Not reserved, but they begin or continue something at places where a name may stand.
constexpr std::string_view kAmbiguous[] = {
    "ALL", "AND", "AS", "BETWEEN", "DEFAULT", "DISTINCT", "EXISTS", "ILIKE", "IN", "INTERVAL",
    "IS", "ISNULL", "LATERAL", "LIKE", "LIST", "MAP", "NOTNULL", "OR", "SHOW", "TABLE", "VALUES",
};
// clang-format on

template <std::size_t N>
bool contains(const std::string_view (&sorted)[N], std::string_view word) {
  return !word.empty() && std::binary_search(std::begin(sorted), std::end(sorted), word);
}

}  // namespace

std::string_view find_keyword(std::string_view folded) {
  constexpr std::size_t kLongest = 24;
  if (folded.size() > kLongest) return {};
  std::array<char, kLongest> upper;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const char c = folded[i];
    upper[i] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const std::string_view word(upper.data(), folded.size());
  const auto* found = std::lower_bound(std::begin(kKeywords), std::end(kKeywords), word);
  return found != std::end(kKeywords) && *found == word ? *found : std::string_view();
}

bool reserved_in_expression(std::string_view keyword) {
  return contains(kAlwaysReserved, keyword) || contains(kReservedInExpression, keyword);
}

bool reserved_as_table_alias(std::string_view keyword) {
  return contains(kAlwaysReserved, keyword) || contains(kReservedAsTableAlias, keyword);
}

bool reserved_as_column_alias(std::string_view keyword) {
  return contains(kAlwaysReserved, keyword) || contains(kReservedAsColumnAlias, keyword);
}

bool is_bare_function(std::string_view keyword) {
  return contains(kBareFunctions, keyword);
}

bool quoted_when_printed(std::string_view keyword) {
  return contains(kAlwaysReserved, keyword) || contains(kReservedInExpression, keyword) ||
         contains(kReservedAsTableAlias, keyword) || contains(kReservedAsColumnAlias, keyword) ||
         contains(kBareFunctions, keyword) || contains(kAmbiguous, keyword);
}

}  // namespace penstock::sql
