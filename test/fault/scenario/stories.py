"""All stories, in the order in which they are played."""
import importlib

FILES = ("commits", "brokers", "processes", "producers", "progress", "topics", "surroundings", "judges")


def load():
    """Makes them known to scene.SCENARIOS."""
    for name in FILES:
        importlib.import_module(f"scenario.{name}")
