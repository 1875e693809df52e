"""Servers as processes with a pid file: started detached, found again, ended by their own id."""
import collections
import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1


class StackError(Exception):
    """A server did not come up, or did not go away; the text says what its log says."""


# Bound and never listening: a port of ours stays ours while its server is down, also for the test runs
# beside this one. The oldest are let go of, long after their servers.
_held = collections.deque(maxlen=200)


def free_ports(count):
    """`count` different TCP ports of 127.0.0.1 that nobody uses just now. They lie below the range
    that the kernel hands to outgoing connections, and are held, so that a server which is killed and
    started again finds its port still free."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        probe, holder = socket.socket(), socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Without SO_REUSEADDR: ports that others hold are refused.
            probe.bind(("127.0.0.1", port))
            probe.close()
            holder.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            holder.close()
            continue
        _held.append(holder)
        ports.append(port)
    return ports


def port_is_free(port):
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(condition, timeout_s, what, poll_s=0.05):
    """Polls until `condition()` is true and returns its value; StackError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise StackError(f"waited {timeout_s} s for {what}")
        time.sleep(poll_s)


def tail(path, lines):
    """The last `lines` lines of a log, or nothing when there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, errors="replace") as log:
        return "".join(log.readlines()[-lines:])


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """One process known by a pid file. `mark` is a word of its command line: a pid file that
    outlived its process, and whose number another program now has, is recognised by it."""

    def __init__(self, directory, mark):
        self.directory = directory
        self.mark = mark
        self.pid_file = os.path.join(directory, "pid")
        self.log_file = os.path.join(directory, "log")
        self.process = None

    def start(self, command, env=None, leash=False, append=False):
        """Starts `command`, output to the log. `leash`: it dies with the thread that started it."""
        with open(self.log_file, "ab" if append else "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=env,
                start_new_session=True, preexec_fn=_die_with_parent if leash else None)
        with open(self.pid_file, "w") as out:
            out.write(str(self.process.pid))

    def pid(self):
        """The process id while it lives, else None."""
        if self.process is not None:
            return self.process.pid if self.process.poll() is None else None
        try:
            with open(self.pid_file) as source:
                pid = int(source.read())
            with open(f"/proc/{pid}/stat") as stat:
                state = stat.read().rsplit(")", 1)[1].split()[0]
            with open(f"/proc/{pid}/cmdline") as source:
                command = source.read()
        except (OSError, ValueError):
            return None
        return pid if state != "Z" and self.mark in command else None

    def send(self, number):
        """Sends a signal if it lives; True when it did."""
        pid = self.pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return True

    def wait_gone(self, timeout_s):
        """Waits for its end and returns the exit code if it is our child (None otherwise)."""
        wait_until(lambda: self.pid() is None, timeout_s, f"the end of {self.mark}", poll_s=0.01)
        code = self.process.wait() if self.process is not None else None
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.pid_file)
        return code

    def end(self, polite=signal.SIGTERM, timeout_s=20):
        """Asks it to stop, if it runs, and kills it after `timeout_s`."""
        if not self.send(polite):
            return
        try:
            self.wait_gone(timeout_s)
        except StackError:
            self.kill()

    def kill(self):
        """SIGKILL: a crash."""
        if self.send(signal.SIGKILL):
            self.wait_gone(10)
