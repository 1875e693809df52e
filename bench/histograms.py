"""Histograms of Prometheus' text form: what was observed between two looks, and its percentiles."""
import re

LINE = re.compile(r"^(penstock_\w+_seconds)_bucket\{(.*)\} (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def read(text):
    """name -> {upper bound of a bucket: observations at or below it}, of all latencies."""
    found = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        labels = dict(LABEL.findall(match.group(2)))
        bound = float(labels.pop("le"))
        name = match.group(1).removeprefix("penstock_").removesuffix("_seconds").replace("_", " ")
        if "hop" in labels:
            name += " " + labels["hop"].replace("_", " ")
        buckets = found.setdefault(name, {})
        buckets[bound] = buckets.get(bound, 0) + float(match.group(3))
    return found


def between(before, after):
    """The same of what was observed between two reads; names without any are left out."""
    found = {}
    for name, buckets in after.items():
        old = before.get(name, {})
        rest = {bound: count - old.get(bound, 0) for bound, count in buckets.items()}
        if max(rest.values()) > 0:
            found[name] = rest
    return found


def percentile(buckets, share):
    """An estimate: observations are taken as spread evenly over their bucket. The last bucket has
    no end, so what lies there is said to be at its beginning."""
    bounds = sorted(buckets)
    wanted = share * buckets[bounds[-1]]
    low, below = 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= wanted and buckets[bound] > below:
            if bound == float("inf"):
                return low
            return low + (bound - low) * (wanted - below) / (buckets[bound] - below)
        low, below = bound, buckets[bound]
    return low
