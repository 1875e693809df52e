"""Measurements of the product beside the floor of what it does; `bench/run` is the way in."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RUN_DIRECTORY = os.path.join(ROOT, ".run", "bench")
PROGRAMS = os.path.join(ROOT, "build", "release", "bench")
