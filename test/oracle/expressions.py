"""Random typed expressions as trees, so that a failing one can be made smaller."""
import dataclasses

TYPES = ("bool", "int4", "int8", "text", "numeric", "float8", "timestamptz", "date")
NUMBERS = ("int4", "int8", "numeric", "float8")
WORDS = ("", "a", "b", "ab", "Abc", "x y", "100%", "a_b", "zz", "Ünï")
PATTERNS = ("%", "a%", "%b", "_b%", "%a%", "", "a\\_b", "%\\%")
DEPTH_MAX = 3


@dataclasses.dataclass(frozen=True)
class Expr:
    """SQL text with holes: `parts` are strings and expressions. `aggregate` marks a call that
    must stay below a GROUP BY."""
    type: str
    parts: tuple
    aggregate: bool = False

    @property
    def sql(self):
        return "".join(part if isinstance(part, str) else part.sql for part in self.parts)

    def smaller(self):
        """Expressions of the same type with less in them, the smallest first."""
        if self.parts != (f"NULL::{self.type}",):
            yield Expr(self.type, (f"NULL::{self.type}",))
        for below in self._below():
            if below.type == self.type:
                yield below
        for place, part in enumerate(self.parts):
            if isinstance(part, Expr):
                for less in part.smaller():
                    yield Expr(self.type, self.parts[:place] + (less,) + self.parts[place + 1:],
                               self.aggregate)

    def _below(self):
        for part in self.parts:
            if isinstance(part, Expr):
                yield part
                yield from part._below()


# result type -> templates; {t} stands for an expression of type t, {w} for a small number.
TEMPLATES = {
    "int4": ["({int4} + {int4})", "({int4} - {int4})", "({int4} * {w})", "(- {int4})",
             "({int4} / NULLIF({int4}, 0))", "({int4} % NULLIF({int4}, 0))", "abs({int4})",
             "length({text})", "position({text} IN {text})", "ascii({text})",
             "octet_length({text})"],
    "int8": ["({int8} + {int4})", "({int4} - {int8})", "({int8} * {w})", "({int4})::int8",
             "({int8} / NULLIF({int8}, 0))", "abs({int8})", "({int8} % NULLIF({int4}, 0))"],
    "numeric": ["({numeric} + {numeric})", "({numeric} - {int4})", "({numeric} * {w})",
                "({int4})::numeric", "({int8})::numeric", "({numeric} / NULLIF({numeric}, 0))",
                "abs({numeric})", "round({numeric}, 1)", "floor({numeric})", "ceil({numeric})",
                "trunc({numeric})", "EXTRACT(month FROM {timestamptz})",
                "EXTRACT(day FROM {date})"],
    "float8": ["({float8} + {float8})", "({float8} * {w})", "({int4})::float8",
               "({numeric})::float8", "abs({float8})", "floor({float8})", "sqrt(abs({float8}))",
               "({float8} - {float8})", "({float8} / NULLIF({float8}, 0))"],
    "text": ["({text} || {text})", "upper({text})", "lower({text})", "substr({text}, {w}, {w})",
             "replace({text}, {text}, {text})", "({int4})::text", "({bool})::text",
             "btrim({text})", "left({text}, {w})", "right({text}, {w})", "repeat({text}, {w})",
             "lpad({text}, {w}, 'xy')", "ltrim({text}, 'a')", "split_part({text}, 'b', 1)",
             "concat({text}, {int4}, {text})", "({date})::text", "reverse({text})",
             "translate({text}, 'ab', 'x')"],
    "bool": ["({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({text} LIKE {p})",
             "({text} ILIKE {p})", "({text} NOT LIKE {p})", "({bool} IS TRUE)",
             "({bool} IS NOT FALSE)", "starts_with({text}, {text})"],
    "timestamptz": ["date_trunc('day', {timestamptz})", "date_trunc('hour', {timestamptz})",
                    "({timestamptz} + INTERVAL '1 day 02:00')",
                    "({timestamptz} - INTERVAL '3 months')"],
    "date": ["({timestamptz})::date", "date_trunc('month', {date})::date"],
}
# For any type t.
ANY = ["COALESCE({t}, {t})", "NULLIF({t}, {t})", "CASE WHEN {bool} THEN {t} ELSE {t} END",
       "CASE WHEN {bool} THEN {t} END", "GREATEST({t}, {t})", "LEAST({t}, {t})",
       "CASE {int4} WHEN {w} THEN {t} ELSE {t} END"]
PREDICATES = ["({t} = {t})", "({t} <> {t})", "({t} < {t})", "({t} >= {t})", "({t} IS NULL)",
              "({t} IS NOT NULL)", "({t} IS DISTINCT FROM {t})", "({t} BETWEEN {t} AND {t})",
              "({t} IN ({t}, {t}))", "({t} NOT IN ({t}, {t}))"]
AGGREGATES = {
    "int8": ["count(*)", "count({any})", "count(DISTINCT {any})", "sum({int4})",
             "sum(DISTINCT {int4})", "count(*) FILTER (WHERE {bool})", "max({int8})",
             "min({int8})"],
    "int4": ["min({int4})", "max({int4})"],
    "numeric": ["sum({int8})", "sum({numeric})", "avg({int4})", "avg({numeric})",
                "min({numeric})", "max({numeric})", "avg(DISTINCT {int4})"],
    "float8": ["sum({float8})", "min({float8})", "max({float8})", "avg({float8})"],
    "text": ["min({text})", "max({text})"],
    "bool": ["bool_and({bool})", "bool_or({bool})"],
    "timestamptz": ["min({timestamptz})", "max({timestamptz})"],
    "date": ["min({date})", "max({date})"],
}


class Expressions:
    """Draws expressions over the columns of a scope: a list of (SQL name, type)."""

    def __init__(self, rng):
        self.rng = rng

    def literal(self, kind):
        rng = self.rng
        if rng.random() < 0.05:
            return Expr(kind, (f"NULL::{kind}",))
        text = {
            "bool": lambda: rng.choice(["true", "false"]),
            "int4": lambda: f"({rng.randrange(-9, 20)})",
            "int8": lambda: f"({rng.randrange(-9, 20)})::int8",
            "text": lambda: f"'{rng.choice(WORDS)}'::text",
            "numeric": lambda: f"({rng.randrange(-900, 900) / 100})::numeric",
            "float8": lambda: f"({rng.randrange(-90, 90) / 4})::float8",
            "timestamptz": lambda: f"'{moment(rng)}'::timestamptz",
            "date": lambda: f"'{moment(rng)[:10]}'::date",
        }[kind]()
        return Expr(kind, (text,))

    def draw(self, kind, scope, depth=DEPTH_MAX):
        """An expression of type `kind`."""
        columns = [name for name, of in scope if of == kind]
        chance = self.rng.random()
        if depth == 0 or chance < 0.35:
            if columns and self.rng.random() < 0.8:
                return Expr(kind, (self.rng.choice(columns),))
            return self.literal(kind)
        if kind == "bool" and chance < 0.8:
            return self.predicate(scope, depth)
        if chance < 0.55:
            return self._fill(self.rng.choice(ANY), kind, kind, scope, depth)
        return self._fill(self.rng.choice(TEMPLATES[kind]), kind, kind, scope, depth)

    def predicate(self, scope, depth=DEPTH_MAX):
        """A comparison or test of values of one type."""
        kinds = [kind for _, kind in scope] or list(TYPES)
        return self._fill(self.rng.choice(PREDICATES), "bool", self.rng.choice(kinds), scope,
                          depth)

    def aggregate(self, kind, scope, depth=1):
        """An aggregate call of type `kind`."""
        template = self.rng.choice(AGGREGATES[kind])
        any_kind = self.rng.choice(TYPES)
        filled = self._fill(template.replace("{any}", "{t}"), kind, any_kind, scope, depth + 1)
        return Expr(kind, filled.parts, aggregate=True)

    def _fill(self, template, kind, of, scope, depth):
        parts, last = [], None
        for piece in template.replace("{", "\0{").replace("}", "}\0").split("\0"):
            if piece == "{w}":
                parts.append(str(self.rng.randrange(0, 4)))
            elif piece == "{p}":
                parts.append(f"'{self.rng.choice(PATTERNS)}'")
            elif piece == "{same}":
                parts.append(last)
            elif piece.startswith("{"):
                last = self.draw(of if piece == "{t}" else piece[1:-1], scope, depth - 1)
                parts.append(last)
            elif piece:
                parts.append(piece)
        return Expr(kind, tuple(parts))


def moment(rng):
    """A time as text; few enough that some meet."""
    return (f"20{rng.randrange(20, 23)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 4):02} "
            f"{rng.choice(['00', '07', '23'])}:{rng.choice(['00', '30'])}:00+00")
