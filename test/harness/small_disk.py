"""File systems of their own, in memory, that a test can fill. Mounting one takes root."""
import contextlib
import os
import shutil
import subprocess
import tempfile


@contextlib.contextmanager
def mounted(directory, megabytes):
    """The path of a new file system in `directory`."""
    path = tempfile.mkdtemp(dir=directory)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)
        shutil.rmtree(path, ignore_errors=True)


def fill(disk, left_bytes):
    """Fills it up to `left_bytes`; the path of the file that does, which may be removed again. Others
    may write meanwhile, and have what there is sooner."""
    ballast = os.path.join(disk, "ballast")
    with contextlib.suppress(OSError), open(ballast, "ab", buffering=0) as out:
        while (missing := shutil.disk_usage(disk).free - left_bytes) > 0:
            out.write(bytes(min(missing, 1 << 20)))
    return ballast
