"""The kill test passes over an engine that is right, and fails over each that is wrong."""
import os
import subprocess
import sys

import pytest

from harness import ROOT

FAULT_FOLDER = os.path.join(ROOT, "test", "fault")


@pytest.fixture
def reference(tmp_path):
    """The reference engine as a program."""
    path = tmp_path / "reference"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} {FAULT_FOLDER}/reference.py "$@"\n')
    path.chmod(0o755)
    return str(path)


def _kill_test(reference, directory, fault, mode="engine"):
    """(exit code, output) of a short kill test over the reference engine."""
    done = subprocess.run(
        [sys.executable, os.path.join(FAULT_FOLDER, "kill_test.py"), "--mode", mode,
         "--directory", os.path.join(directory, f"kill-{mode}-{fault or 'right'}"), "--seeds", "1",
         "--transactions", "800", "--writers", "2", "--pace", "0.01", "--settle", "60",
         "--failpoint", "", "--plain"],
        env={**os.environ, "PENSTOCK_BINARY": reference, "REFERENCE_FAULT": fault},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400)
    return done.returncode, done.stdout


@pytest.mark.timeout(450)
def test_a_right_engine_passes(reference, run_directory):
    code, output = _kill_test(reference, run_directory, "")
    assert code == 0 and "1 passed, 0 failed" in output, output


@pytest.mark.timeout(450)
@pytest.mark.parametrize("fault, says", [
    ("twice", "key twice at one time"), ("torn", "torn transaction"),
    ("forget", "acknowledged transactions are lost")])
def test_a_wrong_engine_fails(reference, run_directory, fault, says):
    code, output = _kill_test(reference, run_directory, fault)
    assert code == 1 and "0 passed, 1 failed" in output and says in output, output


@pytest.mark.timeout(450)
def test_a_wrong_engine_fails_over_a_cluster(reference, run_directory):
    code, output = _kill_test(reference, run_directory, "torn", "cluster")
    assert code == 1 and "0 passed, 1 failed" in output and "torn transaction" in output, output
    assert "leaders moved" in output and "coordinator moved" in output, output
