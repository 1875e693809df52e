"""What penstock and the servers beside it use while something is measured, and what others use."""
import os
import time

from bench.usage import (busy_seconds, cpu_seconds, family_cpu_seconds, peak_memory_mib,
                         thread_cpu_seconds)


class Costs:
    """Counts from its making on; without an engine only the servers."""

    def __init__(self, servers, engine=None):
        self._servers = servers
        self._pid = engine.pid() if engine else None
        self._before = self.sample()

    def sample(self):
        """The present state of all counters."""
        postgres = family_cpu_seconds(self._servers.postgres.pid())
        sample = {"time": time.monotonic(), "machine": busy_seconds(), "PostgreSQL": postgres,
                  "Kafka": cpu_seconds(self._servers.kafka.pid()),
                  # Servers, penstock and consumers are our children, PostgreSQL's sessions its own.
                  "ours": family_cpu_seconds(os.getpid()) + postgres}
        if self._pid:
            sample |= {"penstock": cpu_seconds(self._pid),
                       "threads": thread_cpu_seconds(self._pid)}
        return sample

    def until(self, sample):
        """Differences to an earlier sample: processor seconds by process and by thread name, and
        how many cores were used by what does not belong here."""
        spent = {name: value - self._before[name] for name, value in sample.items()}
        spent["other cores"] = max(0, (spent["machine"] - spent["ours"]) / spent["time"])
        if self._pid:
            spent["peak MiB"] = peak_memory_mib(self._pid)
        return spent
