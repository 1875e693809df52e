"""The list of failpoints that the kill test kills at, and which of them it hit."""
import os

from . import ROOT

LIST = os.path.join(ROOT, "test", "fault", "failpoints.txt")


def _lines():
    with open(LIST) as source:
        return [line.split() for line in source if line.strip() and not line.startswith("#")]


def names():
    """All names of the list file."""
    return [words[0] for words in _lines()]


def listed():
    """Those that the kill test reaches."""
    return [words[0] for words in _lines() if "elsewhere" not in words[1:]]


def may_fail():
    """Those that can be told to fail instead of dying."""
    return [words[0] for words in _lines() if "error" in words[1:]]


class Coverage:
    """How often each failpoint was armed and how often the process died at it."""

    def __init__(self):
        self.armed = {name: 0 for name in listed()}
        self.hit = dict(self.armed)

    def table(self):
        """One line for each failpoint, those never hit marked."""
        width = max(map(len, self.armed), default=0)
        return "\n".join(
            f"  {name:<{width}}  armed {self.armed[name]:>3}  died {self.hit[name]:>3}"
            + ("" if self.hit[name] else "   never hit") for name in self.armed)

    def missing(self):
        return [name for name, count in self.hit.items() if count == 0]
