"""Waiting for what a sink does by itself."""
import psycopg

from stack.processes import wait_until


def wait_born(engine, sink="s"):
    """Waits until a sink has begun: what changes before that is in its snapshot, and has no message
    of its own."""
    wait_until(lambda: engine.run("SELECT l.frontier FROM mz_internal.mz_sink_lag AS l JOIN mz_sinks AS s USING (id)"
                                  f" WHERE s.name = '{sink}' AND l.frontier IS NOT NULL"),
               30, f"the birth of sink {sink}")


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
