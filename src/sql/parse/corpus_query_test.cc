// Queries that must parse.
#include "sql/parse/corpus.h"

namespace penstock::sql {
namespace {

constexpr std::string_view kQueries[] = {
    "SELECT",
    "SELECT 1",
    "SELECT 1 AS a, 2 b, 3 AS \"C d\"",
    "SELECT *, t.*, s.t.* FROM t",
    "SELECT DISTINCT a FROM t",
    "SELECT DISTINCT ON (a, b) c FROM t ORDER BY a, b, c DESC NULLS LAST",
    "SELECT ALL a FROM t",
    "SELECT a FROM t WHERE a > 1 AND b < 2 OR NOT c AND d = 4",
    "SELECT a, count(*) FROM t GROUP BY a, 2, b + 1 HAVING count(*) > 1",
    "SELECT 1 FROM t GROUP BY ()",
    "SELECT a FROM t ORDER BY 1 ASC NULLS FIRST, b DESC LIMIT 10 OFFSET 5",
    "SELECT a FROM t OFFSET 5 ROWS FETCH FIRST 3 ROWS ONLY",
    "SELECT a FROM t FETCH NEXT ROW ONLY",
    "SELECT a FROM t FETCH FIRST 2 ROWS WITH TIES",
    "SELECT a FROM t LIMIT ALL",
    "SELECT a FROM t LIMIT (SELECT 1)",
    "SELECT a FROM t UNION SELECT b FROM u UNION ALL SELECT c FROM v",
    "SELECT a FROM t EXCEPT ALL SELECT b FROM u INTERSECT SELECT c FROM v",
    "(SELECT a FROM t INTERSECT ALL SELECT 2) UNION DISTINCT (SELECT b FROM u ORDER BY b LIMIT 1)",
    "((SELECT 1))",
    "VALUES (1, 'a'), (2, 'b') ORDER BY 1",
    "TABLE t",
    "TABLE s.t UNION ALL TABLE u",
    "WITH a AS (SELECT 1), b (x, y) AS (SELECT 2, 3) SELECT * FROM a, b",
    "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) s",
    "WITH MUTUALLY RECURSIVE (RECURSION LIMIT 10) r (a int, b text) AS (SELECT 1, 'x' UNION "
    "SELECT a + 1, b FROM r), s (c int list) AS (SELECT LIST[1]) SELECT * FROM r, s",
    "WITH MUTUALLY RECURSIVE (RETURN AT RECURSION LIMIT = 5, ERROR AT RECURSION LIMIT 6) r (a int) "
    "AS (SELECT 1) SELECT * FROM r",
    "SELECT * FROM a, b AS x, c y (p, q), d AS z (r)",
    "SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x, y) RIGHT OUTER JOIN d ON true "
    "FULL JOIN e USING (z) AS u CROSS JOIN f NATURAL JOIN g NATURAL LEFT JOIN h",
    "SELECT * FROM a JOIN b JOIN c ON b.x = c.x ON a.x = b.x",
    "SELECT * FROM (a JOIN b ON a.x = b.x) AS j JOIN (c CROSS JOIN d) ON true",
    "SELECT * FROM ((a JOIN b ON true) JOIN c ON true)",
    "SELECT * FROM (SELECT 1), (VALUES (1)), (TABLE t) AS x (y), ((SELECT 2)) z",
    "SELECT * FROM ((SELECT 1) UNION SELECT 2) AS x",
    "SELECT * FROM ((SELECT 1) x JOIN t ON true)",
    "SELECT * FROM (SELECT DISTINCT g FROM t) grp, LATERAL (SELECT x FROM t WHERE t.g = grp.g "
    "ORDER BY x LIMIT 3)",
    "SELECT * FROM generate_series(1, 3), LATERAL unnest(a) AS u, unnest(b) WITH ORDINALITY AS v "
    "(x, n), unnest(c) AS w (x, n) WITH ORDINALITY, pg_catalog.f()",
    "SELECT * FROM ROWS FROM (f(1), g(2)) WITH ORDINALITY AS r (a, b, c)",
    "SELECT * FROM LATERAL ROWS FROM (f(1))",
    "SELECT * FROM (SHOW TABLES)",
    "SELECT create_sql FROM (SHOW CREATE SINK s)",
    "SELECT * FROM [u1 AS \"db\".\"s\".\"t\"] AS t, [u2 AS x VERSION 3]",
    "SELECT a FROM t AS OF 1700000000000",
    "SELECT a FROM t AS OF AT LEAST now() - INTERVAL '1 hour'",
    "SELECT a b FROM t x AS OF 5",
    "SELECT row_number() OVER (PARTITION BY a ORDER BY b) AS r FROM t QUALIFY r <= 3",
    "SELECT sum(a) OVER w, lag(a, 1) IGNORE NULLS OVER (w ORDER BY b), max(a) OVER () FROM t "
    "WINDOW "
    "w AS (PARTITION BY a, b), v AS (w)",
    "SELECT sum(a) OVER (ORDER BY b ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), sum(a) OVER "
    "(ROWS 1 PRECEDING), sum(a) OVER (RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), sum(a) "
    "OVER (GROUPS CURRENT ROW), last_value(a) RESPECT NULLS OVER (ORDER BY a)",
    "SELECT a FROM t GROUP BY a OPTIONS (AGGREGATE INPUT GROUP SIZE = 10, DISTINCT ON INPUT GROUP "
    "SIZE 2, LIMIT INPUT GROUP SIZE = 3)",
    "SELECT a FROM t GROUP BY a HAVING a > 1 OPTIONS (EXPECTED GROUP SIZE = 10)",
    // Scalar expressions.
    "SELECT 1, 1.5, .5, 1e10, 1.5E-3, 1., 'a', 'it''s', E'a\\n\\t\\x41\\u00e9\\'', $$dollar$$, "
    "$q$a $$ b$q$, 'a' \n 'b', NULL, TRUE, false",
    "SELECT -1, - 1, -1::int2, -(1)::int2, -(-1), - -1, +1, -a, -0, -0.0, 1 - 1, 1 -1, a - -1",
    "SELECT -32768::int2, -2147483648, -(2147483648)",
    "SELECT $1, $2::int, -$3",
    "SELECT 1 + 2 * 3 - 4 / 5 % 6, (1 + 2) * 3, 1 - (2 - 3), 1 - 2 - 3, 2 ^ 3 ^ 4",
    "SELECT a || b || c, a -> 'x' ->> 'y', a #> b #>> c, a @> b, a <@ b, a ? 'k', a ?& b, a ?| b, "
    "a "
    "- 'x'",
    "SELECT a & b | c # d << 1 >> 2, ~a, a ~ b, a ~* b, a !~ b, a !~* b, a ~~ b, a !~~* b, && a",
    "SELECT a = b, a <> b, a != b, a < b, a <= b, a > b, a >= b, NOT a = b, NOT (NOT a)",
    "SELECT a OPERATOR(pg_catalog.+) b, a OPERATOR(*) b",
    "SELECT a AND b AND c OR d AND e, (a OR b) AND (c OR d), a AND (b AND c), (a AND b) AND c",
    "SELECT (a = b) = c, a = (b = c), a = b IS NULL, (a IS NULL) = b, NOT a IS NULL, (NOT a) IS "
    "NULL",
    "SELECT a IS NULL, a IS NOT NULL, a ISNULL, a NOTNULL, a IS TRUE, a IS NOT FALSE, a IS "
    "UNKNOWN, "
    "a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b + 1",
    "SELECT a BETWEEN 1 AND 2 AND b, a NOT BETWEEN b - 1 AND b + 1, a LIKE 'x%', a NOT LIKE 'x' "
    "ESCAPE '\\', a ILIKE b || '%', a NOT ILIKE b",
    "SELECT a LIKE ANY (ARRAY['a']), a NOT ILIKE ALL (b)",
    "SELECT a IN (1, 2), a NOT IN (SELECT b FROM t), (a, b) IN (SELECT 1, 2), a IN ((SELECT 1)), a "
    "IN ((SELECT 1) UNION SELECT 2), a IN ((SELECT 1), 2)",
    "SELECT a = ANY (b), a <> ALL (SELECT 1), a > SOME (ARRAY[1, 2]), a = ANY ((SELECT 1) UNION "
    "SELECT 2), a = ANY ((SELECT 1))",
    "SELECT EXISTS (SELECT 1), NOT EXISTS (SELECT 1 FROM t), (SELECT 1), (SELECT 1) + 1, ((SELECT "
    "1) "
    "UNION (SELECT 2) ORDER BY 1)",
    "SELECT CASE WHEN a THEN 1 END, CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END",
    "SELECT coalesce(a, b, 1), nullif(a, b), greatest(1, 2), least(a)",
    "SELECT CAST(a AS int), a::text::int, a::numeric(10, 2), a::varchar(5), a::char, a::char(3), "
    "a::\"char\", a::double precision, a::float(10), a::timestamp with time zone, a::timestamp(3), "
    "a::time without time zone, a::character varying, a::bpchar",
    "SELECT a::int[], a::int[3][2], a::int list, a::text list list, a::map[text=>int], "
    "a::map[text => map[text => numeric(38, 2) list]], a::int list[], a::s.t, a::[s20 AS "
    "pg_catalog.int4]",
    "SELECT DATE '2020-01-01', TIME '01:02', TIMESTAMP '2020-01-01', TIMESTAMPTZ 'x', TIMESTAMP "
    "WITH "
    "TIME ZONE 'y', TIMESTAMP(3) 'z', INT '1', pg_catalog.int4 '1', double precision '1.5', uuid "
    "'u', jsonb '{}'",
    "SELECT INTERVAL '1', INTERVAL '1' DAY, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '30' minutes, "
    "INTERVAL '1' SECOND(3), INTERVAL '1' HOUR TO SECOND(2)",
    "SELECT ROW(1, 2), ROW(), (1, 2), ROW(t.*), (r).f, (r).*, f(x).y, f(x).*, (f(x)).y.z, t.a",
    "SELECT ARRAY[1, 2], ARRAY[], ARRAY[[1], [2]], ARRAY[]::int[], ARRAY(SELECT 1)",
    "SELECT LIST[1, 2], LIST[], LIST[[1], [2, 3]], LIST(SELECT 1), MAP['a' => 1], MAP[], MAP['a' "
    "=> "
    "['b' => 1]], MAP(SELECT 'k', 1)",
    "SELECT a[1], a[1][2], a[1:2], a[1:], a[:2], a[:], a[1:2, 3:4], f(x)[1], ARRAY[1, 2][1], "
    "CAST(a AS int[])[1], LIST[1][1], (a)[1], (a || b)[1], a[1]::text",
    "SELECT f(), f(1, 'x'), s.f(a), f(DISTINCT a), count(*), count(DISTINCT a, b), array_agg(a "
    "ORDER "
    "BY b DESC, c), sum(a) FILTER (WHERE b > 1), count(*) FILTER (WHERE c), f(ALL a), f(t.*)",
    "SELECT string_agg(DISTINCT a, ',' ORDER BY a) FILTER (WHERE a <> '') FROM t",
    "SELECT current_timestamp, current_user, user, session_user, current_role, current_catalog, "
    "current_date, current_user(), current_timestamp(), localtime, current_schema",
    "SELECT EXTRACT(epoch FROM a), EXTRACT('day' FROM b), extract('day', b), POSITION('a' IN b), "
    "SUBSTRING(a FROM 1 FOR 2), SUBSTRING(a FROM 2), SUBSTRING(a FOR 3), substring(a, 1, 2), "
    "NORMALIZE(a, NFKC), normalize(a), position(a, b)",
    "SELECT TRIM(a), TRIM(BOTH 'x' FROM a), TRIM(LEADING FROM a), TRIM(TRAILING 'y' FROM a), "
    "TRIM('x' "
    "FROM a), trim(a, 'x')",
    "SELECT a AT TIME ZONE 'UTC', now() AT TIME ZONE b::text, a AT TIME ZONE 'x' + b",
    "SELECT a COLLATE \"C\", a COLLATE pg_catalog.\"default\" || b",
    "SELECT left, right, collation, \"order\", \"case\", day, year, list, map, text FROM t",
    "SELECT a AS select, b AS order, c AS from FROM t AS \"select\"",
    "SELECT \"Quoted Name\", \"with\"\"quote\", \"ünïcode\", ünïcode FROM \"T\"",
    "SELECT [s5 AS pg_catalog.abs](-1)",
    "SELECT mz_now() <= event_ts + INTERVAL '1 hour' FROM t WHERE mz_now() BETWEEN a AND b",
    "SELECT /* a /* nested */ comment */ 1 -- and another\n, 2",
    "SELECT a.b.c.d FROM a.b.c",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM t WHERE t.a IN (SELECT b FROM u WHERE u.c = t.c))",
};

}  // namespace

std::span<const std::string_view> query_corpus() {
  return kQueries;
}

}  // namespace penstock::sql
