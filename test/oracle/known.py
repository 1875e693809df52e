"""Where an answer other than PostgreSQL's is right, and why. Every entry names its reason.

Two differences are part of the comparison itself: numbers of the types numeric and float8 are
compared to nine digits, since a quotient has more digits here than in PostgreSQL, and the sum of
floats is exact here whereas PostgreSQL's depends on the order of its additions.
"""
import re

# (what PostgreSQL did, what the engine did, the query) as regular expressions, and the reason.
KNOWN = [
    (r"error 22", r"rows", r"",
     "an expression that PostgreSQL evaluates for rows or branches that do not reach the result"),
]


def reason(postgres, engine, sql):
    """Why the two outcomes may differ, or None if they may not."""
    for theirs, ours, query, why in KNOWN:
        if (re.match(theirs, postgres) and re.match(ours, engine)
                and re.search(query, sql, re.IGNORECASE)):
            return why
    return None
