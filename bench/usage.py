"""What processes cost, what else the machine does, and what its disk can do."""
import collections
import contextlib
import os
import statistics
import subprocess
import tempfile
import threading
import time

from stack.processes import StackError

TICKS = os.sysconf("SC_CLK_TCK")
SYNCS = 200
SYNC_BYTES = 4096
PEAK_POLL_S = 0.02


def _stat(path):
    """The fields of a stat file of /proc after the program's name, and that name."""
    with open(path) as source:
        name, _, rest = source.read().partition("(")[2].rpartition(")")
    return name, rest.split()


def cpu_seconds(pid):
    """Processor time of a process since its start."""
    _, fields = _stat(f"/proc/{pid}/stat")
    return (int(fields[11]) + int(fields[12])) / TICKS


def family_cpu_seconds(pid):
    """Processor time of a process and of its children, those that ended included."""
    while True:
        _, own = _stat(f"/proc/{pid}/stat")
        ticks = sum(int(field) for field in own[11:15])
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError):
                _, fields = _stat(f"/proc/{int(entry)}/stat")
                if int(fields[1]) == pid:
                    ticks += int(fields[11]) + int(fields[12])
        # A child that ended meanwhile may have been missed in both places.
        if _stat(f"/proc/{pid}/stat")[1][13:15] == own[13:15]:
            return ticks / TICKS


def thread_cpu_seconds(pid):
    """thread name -> processor time of all living threads of that name."""
    found = collections.Counter()
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            name, fields = _stat(f"/proc/{pid}/task/{task}/stat")
            found[name] += (int(fields[11]) + int(fields[12])) / TICKS
    return found


def peak_memory_mib(pid):
    """The most memory that a process has had resident (VmHWM)."""
    with open(f"/proc/{pid}/status") as source:
        for line in source:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise StackError(f"process {pid} is gone")


def busy_seconds():
    """Processor time of the whole machine since its start, without idling and waiting for disks."""
    with open("/proc/stat") as source:
        fields = [int(field) for field in source.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def busy_cores(seconds=1.0):
    """How many cores the whole machine uses, looked at for a while."""
    before = busy_seconds()
    time.sleep(seconds)
    return (busy_seconds() - before) / seconds


def sync_milliseconds(directory):
    """The median time of an fdatasync after an append of 4 KiB to a file in `directory`."""
    path = os.path.join(directory, "sync-probe")
    times = []
    with open(path, "wb", buffering=0) as probe:
        for _ in range(SYNCS):
            probe.write(os.urandom(SYNC_BYTES))
            began = time.perf_counter()
            os.fdatasync(probe.fileno())
            times.append(time.perf_counter() - began)
    os.remove(path)
    return 1000 * statistics.median(times)


def file_system(path):
    """The kind of file system that holds a path, such as ext4 or tmpfs."""
    best = ("", "unknown")
    with open("/proc/mounts") as source:
        for line in source:
            _, place, kind = line.split()[:3]
            inside = os.path.realpath(path).startswith(place.rstrip("/") + "/")
            if inside and len(place) >= len(best[0]):
                best = (place, kind)
    return best[1]


class Program:
    """A reference program, started at once; `finish` waits for its end and knows what it cost."""

    def __init__(self, command, environment=None):
        self._output = tempfile.TemporaryFile()
        self.began = time.monotonic()
        self._process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT,
                                         env={**os.environ, **(environment or {})})
        self.ended = self.cpu_seconds = None
        self.peak_mib = 0
        # What the kernel says at the end counts the memory of whoever started the program too.
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def _sample(self):
        while self.ended is None:
            with contextlib.suppress(OSError, StackError):
                self.peak_mib = max(self.peak_mib, peak_memory_mib(self._process.pid))
            time.sleep(PEAK_POLL_S)

    def finish(self):
        """Waits for the end; StackError with what it printed when it failed."""
        _, status, usage = os.wait4(self._process.pid, 0)
        self.ended = time.monotonic()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self._sampler.join()
        self._output.seek(0)
        printed = self._output.read().decode(errors="replace")
        if self._process.returncode != 0:
            raise StackError(f"{self._process.args[0]} ended with {self._process.returncode}:\n"
                             + printed)
        return self

    @property
    def seconds(self):
        return self.ended - self.began
