"""The simulated broker behaves as the real one: what both have to answer is one suite, and this is its
run against the real one."""
import os
import subprocess

import pytest

from stack.engine import binary

# Of the broker presets of the simulation, the one of the release that the stack runs.
PRESET = "4.3"


@pytest.mark.timeout(600)
def test_a_real_broker_answers_as_the_simulated_ones_do(kafka):
    suite = os.path.join(os.path.dirname(binary()), "src", "connect", "kafka_conformance_test")
    environment = dict(os.environ, PENSTOCK_KAFKA=kafka.bootstrap, PENSTOCK_KAFKA_PRESET=PRESET)
    done = subprocess.run([suite, "--gtest_brief=1"], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    # None of them was left out.
    assert "[  PASSED  ]" in done.stdout and "SKIPPED" not in done.stdout, done.stdout
