"""AUDIT SINK for tests that only want to know that all is right."""
import psycopg

from stack.processes import wait_until


def audit(engine, sink="s"):
    """The findings. A sink tells within a second how far it is: until then there is no audit."""
    findings = []

    def audited():
        try:
            findings.append(engine.run(f"AUDIT SINK {sink}"))
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return False
        return True
    wait_until(audited, 30, f"an audit of sink {sink}")
    return findings[0]
