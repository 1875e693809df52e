"""The simulated broker behaves as the real ones: what all have to answer is one suite, and these are its
runs against the real ones."""
import os
import subprocess

import pytest

from stack.engine import binary


def run_suite(bootstrap, preset, program="kafka_conformance_test", tests="*"):
    """Runs all of it that a broker of the preset has."""
    suite = os.path.join(os.path.dirname(binary()), "src", "connect", program)
    environment = dict(os.environ, PENSTOCK_KAFKA=bootstrap, PENSTOCK_KAFKA_PRESET=preset)
    done = subprocess.run([suite, "--gtest_brief=1", f"--gtest_filter={tests}"], env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    # None of them was left out.
    assert "[  PASSED  ]" in done.stdout and "SKIPPED" not in done.stdout, done.stdout
    assert "[  PASSED  ] 0 tests" not in done.stdout, done.stdout


@pytest.mark.timeout(600)
def test_the_broker_answers_as_the_simulated_one_does(kafka):
    run_suite(kafka.bootstrap, "4.3")


@pytest.mark.timeout(600)
def test_so_does_one_of_the_release_before(kafka3):
    run_suite(kafka3.bootstrap, "3.9")


@pytest.mark.timeout(600)
def test_operators_find_on_it_what_they_find_on_the_simulated_one(kafka):
    run_suite(kafka.bootstrap, "4.3", "connect_test", "Grounds/AdminAgreementTest.*/Real")
