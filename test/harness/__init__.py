"""What the black-box tests share: servers, the engine under test, readers, the exactness checker."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN_DIRECTORY = os.path.join(ROOT, ".run", "test")
sys.path.insert(0, os.path.join(ROOT, "tools"))
