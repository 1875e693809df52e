"""Figures of several rounds: their statistics, as a table for people and as JSON for programs."""
import json
import os
import statistics

from bench import RUN_DIRECTORY


class Figures:
    """Named figures with a unit, one value a round, in the order in which they first came."""

    def __init__(self):
        self.samples = {}

    def add(self, name, unit, value):
        """Takes one round's value of a figure."""
        self.samples.setdefault((name, unit), []).append(value)

    def spread(self, name, unit):
        """Least, median and greatest of one figure."""
        return spread(self.samples[(name, unit)])

    def table(self):
        """All figures with least, median and greatest of the rounds."""
        return table(["figure", "unit", "min", "median", "max"],
                     [[name, unit, *(number(value) for value in spread(values))]
                      for (name, unit), values in self.samples.items()], text_columns=2)

    def plain(self):
        """All samples as JSON can take them."""
        return [{"figure": name, "unit": unit, "rounds": values}
                for (name, unit), values in self.samples.items()]


def spread(values):
    """Least, median and greatest."""
    return min(values), statistics.median(values), max(values)


def percentile(values, share):
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def number(value):
    """A number with three or four digits that mean something."""
    if isinstance(value, str):
        return value
    for limit, digits in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:,.{digits}f}"
    return "0" if value == 0 else f"{value:.3f}"


def table(header, rows, text_columns):
    """A Markdown table in fixed width; the columns after the first `text_columns` are numbers."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]

    def line(row):
        return "| " + " | ".join(cell.ljust(width) if i < text_columns else cell.rjust(width)
                                 for i, (cell, width) in enumerate(zip(row, widths))) + " |"
    rule = "|" + "|".join("-" * (width + 2) if i < text_columns else "-" * (width + 1) + ":"
                          for i, width in enumerate(widths)) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def write_json(part, facts, figures):
    """Writes `.run/bench/PART.json`: what was measured where, and every sample."""
    os.makedirs(RUN_DIRECTORY, exist_ok=True)
    path = os.path.join(RUN_DIRECTORY, part + ".json")
    with open(path, "w") as out:
        json.dump({"part": part, **facts, "figures": figures}, out, indent=1)
        out.write("\n")
    return path
