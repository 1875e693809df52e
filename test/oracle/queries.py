"""Random queries over random tables, as trees that can be made smaller."""
import dataclasses

from .expressions import TYPES, Expr, Expressions, moment

TABLES = 3
ROWS_MAX = 14


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with its first rows as literals, and the statements that change it afterwards."""
    name: str
    columns: tuple
    rows: tuple
    changes: tuple

    def create(self):
        return f"CREATE TABLE {self.name} ({', '.join(f'{n} {t}' for n, t in self.columns)})"

    def insert(self):
        rows = ", ".join(f"({', '.join(row)})" for row in self.rows)
        return f"INSERT INTO {self.name} VALUES {rows}" if self.rows else None


@dataclasses.dataclass(frozen=True)
class Source:
    """A table or a derived table under an alias, and how it joins what stands before it."""
    text: object
    alias: str
    columns: tuple
    join: str = ""
    on: Expr | None = None

    def sql(self, first):
        text = self.text if isinstance(self.text, str) else f"({self.text.sql})"
        if first:
            return f"{text} AS {self.alias}"
        on = f" ON {self.on.sql}" if self.on else ""
        return f" {self.join} {text} AS {self.alias}{on}"


@dataclasses.dataclass(frozen=True)
class Select:
    """One SELECT. Its columns are named c0, c1, ..."""
    items: tuple
    sources: tuple
    where: tuple = ()
    group: tuple = ()
    having: Expr | None = None
    distinct: bool = False
    limit: tuple = ()

    @property
    def types(self):
        return tuple(item.type for item in self.items)

    @property
    def sql(self):
        items = ", ".join(f"{item.sql} AS c{place}" for place, item in enumerate(self.items))
        text = f"SELECT {'DISTINCT ' if self.distinct else ''}{items}"
        if self.sources:
            text += " FROM " + "".join(s.sql(place == 0) for place, s in enumerate(self.sources))
        if self.where:
            text += " WHERE " + " AND ".join(e if isinstance(e, str) else e.sql
                                             for e in self.where)
        if self.group:
            text += " GROUP BY " + ", ".join(e.sql for e in self.group)
        if self.having:
            text += " HAVING " + self.having.sql
        if self.limit:
            order = ", ".join(f"{place + 1}{direction}"
                              for place, direction in enumerate(self.limit[0]))
            text += f" ORDER BY {order} LIMIT {self.limit[1]}"
            text += f" OFFSET {self.limit[2]}" if self.limit[2] else ""
        return text

    def smaller(self):
        """Queries with less in them, the boldest first."""
        change = dataclasses.replace
        for source in self.sources:
            if not isinstance(source.text, str):
                yield source.text
        for name in ("limit", "where", "having", "distinct"):
            if getattr(self, name):
                yield change(self, **{name: {"having": None, "distinct": False}.get(name, ())})
        if len(self.sources) > 1:
            yield change(self, sources=self.sources[:-1])
        for place in range(len(self.where)):
            yield change(self, where=self.where[:place] + self.where[place + 1:])
        if len(self.items) > 1:
            for place in range(len(self.items)):
                limit = self.limit and (self.limit[0][:place] + self.limit[0][place + 1:],
                                        *self.limit[1:])
                yield change(self, items=self.items[:place] + self.items[place + 1:], limit=limit)
        for place in range(len(self.group)):
            yield change(self, group=self.group[:place] + self.group[place + 1:])
        for place, source in enumerate(self.sources):
            for less in ([] if isinstance(source.text, str) else source.text.smaller()):
                yield change(self, sources=self._with(place, change(source, text=less)))
            for on in (source.on.smaller() if source.on else ()):
                yield change(self, sources=self._with(place, change(source, on=on)))
        for place, condition in enumerate(self.where):
            for less in (condition.smaller() if isinstance(condition, Expr) else ()):
                yield change(self, where=self.where[:place] + (less,) + self.where[place + 1:])
        for place, item in enumerate(self.items):
            if item not in self.group:
                for less in item.smaller():
                    yield change(self, items=self.items[:place] + (less,) + self.items[place + 1:])

    def _with(self, place, source):
        return self.sources[:place] + (source,) + self.sources[place + 1:]


@dataclasses.dataclass(frozen=True)
class SetOperation:
    """Two queries of the same types and the word between them."""
    left: object
    word: str
    right: object

    @property
    def types(self):
        return self.left.types

    @property
    def sql(self):
        return f"({self.left.sql}) {self.word} ({self.right.sql})"

    def smaller(self):
        yield self.left
        yield self.right
        for less in self.left.smaller():
            yield dataclasses.replace(self, left=less)
        for less in self.right.smaller():
            yield dataclasses.replace(self, right=less)


class Queries:
    """Draws tables and queries from one source of randomness."""

    def __init__(self, rng):
        self.rng = rng
        self.expressions = Expressions(rng)
        self.aliases = 0

    def tables(self):
        found = []
        for number in range(TABLES):
            kinds = ["int4", *self.rng.choices(TYPES, k=self.rng.randrange(3, 7))]
            columns = tuple((f"{'abcdefgh'[place]}", kind) for place, kind in enumerate(kinds))
            rows = tuple(self._row(columns) for _ in range(self.rng.randrange(2, ROWS_MAX)))
            name = f"t{number}"
            changes = tuple(self._change(name, columns)
                            for _ in range(self.rng.randrange(2, 5)))
            found.append(Table(name, columns, rows, changes))
        return found

    def _row(self, columns):
        row = []
        for _, kind in columns:
            if self.rng.random() < 0.15:
                row.append("NULL")
            else:
                row.append(self.expressions.literal(kind).sql)
        return tuple(row)

    def _change(self, name, columns):
        kind = self.rng.random()
        if kind < 0.5:
            rows = [f"({', '.join(self._row(columns))})"
                    for _ in range(self.rng.randrange(1, 6))]
            return f"INSERT INTO {name} VALUES {', '.join(rows)}"
        condition = self.expressions.predicate(list(columns), 1).sql
        if kind < 0.75:
            return f"DELETE FROM {name} WHERE {condition}"
        column, of = self.rng.choice(columns)
        value = self.expressions.draw(of, list(columns), 1).sql
        return f"UPDATE {name} SET {column} = {value} WHERE {condition}"

    def query(self, tables, depth=2, types=None):
        """A query over the tables; `types` fixes the types of its columns."""
        if depth > 0 and self.rng.random() < 0.2:
            left = self.query(tables, depth - 1, types)
            word = self.rng.choice(["UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT",
                                    "EXCEPT ALL"])
            return SetOperation(left, word, self.query(tables, depth - 1, left.types))
        return self._select(tables, depth, types)

    def _select(self, tables, depth, types):
        rng = self.rng
        sources = self._sources(tables, depth)
        scope = [(f"{source.alias}.{name}", kind)
                 for source in sources for name, kind in source.columns]
        types = types or tuple(rng.choices(TYPES, k=rng.randrange(1, 5)))
        where = self._where(tables, scope, depth)
        group, having, distinct = (), None, False
        if rng.random() < 0.35:
            group, items, having = self._grouped(scope, types)
        else:
            items = tuple(self.expressions.draw(kind, scope) for kind in types)
            distinct = rng.random() < 0.2
        limit = ()
        if rng.random() < 0.15:
            order = tuple(rng.choice(["", " DESC", " NULLS FIRST", " DESC NULLS LAST"])
                          for _ in types)
            limit = (order, rng.randrange(1, 8), rng.choice([0, 0, 1, 3]))
        return Select(items, sources, where, group, having, distinct, limit)

    def _sources(self, tables, depth):
        found = []
        for _ in range(self.rng.choice([1, 1, 2, 2, 3])):
            alias = f"s{self.aliases}"
            self.aliases += 1
            if depth > 0 and self.rng.random() < 0.2:
                text = self.query(tables, depth - 1)
                columns = tuple((f"c{place}", kind) for place, kind in enumerate(text.types))
            else:
                table = self.rng.choice(tables)
                text, columns = table.name, table.columns
            source = Source(text, alias, columns)
            if found:
                source = self._joined(source, found)
            found.append(source)
        return tuple(found)

    def _joined(self, source, before):
        """PostgreSQL wants equality in the condition of a FULL JOIN."""
        scope = [(f"{s.alias}.{name}", kind) for s in before for name, kind in s.columns]
        own = [(f"{source.alias}.{name}", kind) for name, kind in source.columns]
        pairs = [(left, right) for left, kind in scope for right, of in own if kind == of]
        join = self.rng.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN",
                                "CROSS JOIN"])
        if join == "CROSS JOIN" or not pairs:
            return dataclasses.replace(source, join="CROSS JOIN")
        left, right = self.rng.choice(pairs)
        on = Expr("bool", (f"{left} = {right}",))
        if join != "FULL JOIN" and self.rng.random() < 0.3:
            on = Expr("bool", ("(", on, " AND ", self.expressions.predicate(scope + own, 1), ")"))
        return dataclasses.replace(source, join=join, on=on)

    def _where(self, tables, scope, depth):
        found = []
        for _ in range(self.rng.choice([0, 0, 0, 1, 1, 2])):
            if depth > 0 and self.rng.random() < 0.3:
                found.append(self._subquery(tables, scope))
            else:
                found.append(self.expressions.draw("bool", scope, 2))
        return tuple(found)

    def _subquery(self, tables, scope):
        rng = self.rng
        table = rng.choice(tables)
        alias = f"s{self.aliases}"
        self.aliases += 1
        inner = [(f"{alias}.{name}", kind) for name, kind in table.columns]
        outer = rng.choice(scope)
        same = [name for name, kind in inner if kind == outer[1]]
        correlated = f"{alias}.{table.columns[0][0]} = "
        ints = [name for name, kind in scope if kind == "int4"]
        condition = self.expressions.predicate(inner, 1).sql
        if ints and rng.random() < 0.6:
            condition += f" AND {correlated}{rng.choice(ints)}"
        source = f"FROM {table.name} AS {alias} WHERE {condition}"
        kind = rng.random()
        if kind < 0.4 or not same:
            text = f"{rng.choice(['', 'NOT '])}EXISTS (SELECT 1 {source})"
        elif kind < 0.7:
            text = f"{outer[0]} {rng.choice(['IN', 'NOT IN'])} (SELECT {rng.choice(same)} {source})"
        elif kind < 0.85 and outer[1] != "bool":
            text = f"{outer[0]} >= (SELECT min({rng.choice(same)}) {source})"
        else:
            text = f"(SELECT count(*) {source}) > {rng.randrange(3)}"
        return Expr("bool", (f"({text})",))

    def _grouped(self, scope, types):
        rng = self.rng
        group = tuple(Expr(kind, (name,)) for name, kind in
                      rng.sample(scope, min(len(scope), rng.randrange(0, 3))))
        items = []
        for kind in types:
            keys = [e for e in group if e.type == kind]
            if keys and rng.random() < 0.6:
                items.append(rng.choice(keys))
            else:
                items.append(self.expressions.aggregate(kind, scope))
        if not group and not any(item.aggregate for item in items):
            items[0] = self.expressions.aggregate(types[0], scope)
        having = None
        if rng.random() < 0.2:
            having = Expr("bool", (self.expressions.aggregate("int8", scope),
                                   f" {rng.choice(['>', '<', '='])} {rng.randrange(4)}"))
        return group, tuple(items), having
