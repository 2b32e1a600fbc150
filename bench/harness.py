"""Servers as subprocesses: started on a free loopback port, pinned to one core, killed by their own id.

The server under test gets the first core and this process, which makes the load, the others: a figure is then one of one core,
and the load generator does not compete with what it measures. Where there is one core only, nothing is pinned, which is said.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.door import LOOPBACK, PATIENCE_S, Door, trusting
from bench.report import Unmeasurable
from bench.scrape import Metrics

ROOT = Path(__file__).resolve().parent.parent
LIMITS = Path(__file__).resolve().parent / "limits.toml"
HOST = LOOPBACK
READY_S = 20.0
_PR_SET_PDEATHSIG = 1
_FAULTS = ("Traceback", '"log.level":"error"', '"log.level":"critical"', " ERROR ", " CRITICAL ")
_FAULT_CHARS = 600
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"  # no installed server compiles its sources at each start
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []  # before anything is pinned


class _Ours:
    python = sys.executable  # runs our servers


_NICE = os.getpriority(os.PRIO_PROCESS, 0)
_PRIORITY = -10


def pin_load() -> str:
    """Keep this process off the server's core, until ``unpin``; says what was done, for the report."""
    if len(_CORES) < 2:
        return "nothing pinned: server and load generator may share a core, figures are lower than they could be"
    os.sched_setaffinity(0, _CORES[1:])
    raised = ", both ahead of other programs" if _raise_priority() else ""
    return f"server on core {_CORES[0]}, load on {', '.join(map(str, _CORES[1:]))}{raised}"


def serve_under(interpreter: Path) -> None:
    """Have our servers started from here on run under another Python, which has all that they need; else Unmeasurable."""
    try:
        subprocess.run(
            [interpreter, "-c", "import fwber_rt.app"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True,
            capture_output=True, text=True, timeout=READY_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as problem:
        told = str(getattr(problem, "stderr", None) or problem).strip().splitlines()[-1:]
        raise Unmeasurable(f"the server does not run under {interpreter}: {''.join(told)}") from None
    _Ours.python = str(interpreter)


def serve_under_this() -> None:
    """Have them run under the Python that runs the bench, as at first."""
    _Ours.python = sys.executable


def interpreter() -> str:
    """The Python our servers run under."""
    return _Ours.python


def _raise_priority() -> bool:
    """Ahead of what else runs on this machine, where that is allowed: less of it is measured then."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
    except OSError:
        return False
    return True


def unpin() -> None:
    """Let this process use all its cores again."""
    if _CORES:
        os.sched_setaffinity(0, _CORES)
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)


def core_busy() -> float:
    """Seconds of processor time used on the server's core since boot, by anybody; 0 where the system does not say."""
    if not _CORES or sys.platform != "linux":
        return 0.0
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{_CORES[0]}":
            user, nice, system, _, _, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return 0.0


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Process:
    """One server process. ``ready`` is polled until it returns True; a context manager that leaves nothing behind."""

    def __init__(
        self, command: Sequence[str], ready: Callable[[], bool], *, env: Mapping[str, str], log: Path, wrapped: bool = False,
        files: int = 0,
    ):  # fmt: skip
        self._command = list(command)
        self._ready = ready
        self._env = dict(env)
        self.log = log
        self._wrapped = wrapped
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = READY_S) -> float:
        """Start and wait until ready; returns the seconds that took. Unmeasurable with the log's end when it does not."""
        started = time.monotonic()
        self.spawn()
        self.await_ready(timeout)
        return time.monotonic() - started

    def spawn(self) -> None:
        """Start, and return at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=self._prepare,  # noqa: PLW1509 -- pins before the first import
            )  # fmt: skip

    def await_ready(self, timeout: float = READY_S) -> None:
        """Wait until it serves; Unmeasurable when it ends or takes longer."""
        end = time.monotonic() + timeout
        while not self._ready():
            if self._process is None or self._process.poll() is not None:
                status = "never started" if self._process is None else f"ended with {self._process.returncode} at start"
                raise Unmeasurable(f"the server {status}:\n{self.tail()}")
            if time.monotonic() > end:
                self.kill()
                raise Unmeasurable(f"the server was not ready within {timeout:.0f} s:\n{self.tail()}")
            time.sleep(0.01)

    def _prepare(self) -> None:
        """In the child: its core, and death with this process so that a killed bench leaves no server."""
        if len(_CORES) > 1:
            os.sched_setaffinity(0, _CORES[:1])
            _raise_priority()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if self._files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._files, self._files))

    @property
    def pid(self) -> int:
        """The process id; Unmeasurable when it does not run."""
        if self._process is None or self._process.poll() is not None:
            raise Unmeasurable(f"the server is gone:\n{self.tail()}")
        return self._process.pid

    def kill(self) -> None:
        """``kill -9``, and wait for the end."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        self._signal(signal.SIGTERM)

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process is None or self._process.poll() is not None

    def stop(self, timeout: float = 30.0) -> int:
        """SIGTERM; killed when that takes too long. Returns the exit status."""
        self._signal(signal.SIGTERM)
        if self._process is None:
            return 0
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def _signal(self, number: signal.Signals) -> None:
        """To the server, which is the only child of a command that wraps it: a killed tracer would leave it running."""
        if self._process is None or self._process.poll() is not None:
            return
        pid = self._process.pid
        if self._wrapped:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
            pid = int(children[0]) if children else pid
        os.kill(pid, number)

    def cpu_seconds(self) -> float:
        """Processor time used so far, user and system."""
        return cpu_of(self.pid)

    def resident_bytes(self) -> int:
        """Resident memory (the kernel's exact sum where it offers one)."""
        return resident_of(self.pid)

    def tail(self, lines: int = 15) -> str:
        """The end of the log."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def faults(log: Path) -> list[str]:
    """The lines of a server's log that tell of an error, in either of its formats, or of Python's end."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in lines if any(mark in line for mark in _FAULTS)]
    except OSError:
        return []


class OurServer(Process):
    """fwber_rt on a free port with a data directory of its own, limits raised (not switched off), development profile.

    ``settings`` maps dotted names to values. ``limits``: the file that raises them; None leaves them as they are shipped.
    ``files``: how many files it may have open. ``wrap`` puts a command before the server's (strace). ``patience``: how long its
    clients wait for an answer. ``certificate``: a PEM file with its key, its own authority; the server then speaks TLS.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        data: Path | None = None,
        port: int = 0,
        wrap: Sequence[str] = (),
        limits: Path | None = LIMITS,
        files: int = 0,
        patience: float = PATIENCE_S,
        certificate: Path | None = None,
    ):
        self._own = data is None
        self.data = data or Path(tempfile.mkdtemp(prefix="fwber_rt-bench-"))
        self.port = port or free_port()
        self.door = Door(self.port, tls=trusting(certificate) if certificate else None, patience=patience)
        self.url = self.door.url
        values = {"listen": f"{HOST}:{self.port}", "data_dir": str(self.data), "profile": "development", **(settings or {})}
        if certificate:
            values |= {"tls.cert": str(certificate), "tls.key": str(certificate)}
        env = {name: value for name, value in os.environ.items() if not name.startswith("FWBER_RT_") and name != _NO_BYTECODE}
        env.update({environment_name(name): value for name, value in values.items()})
        env["PYTHONPATH"] = str(ROOT)
        command = [*wrap, interpreter(), "-m", "fwber_rt", "serve", *(["--config", str(limits)] if limits else [])]
        super().__init__(
            command, self._answers, env=env, log=self.data / "bench-server.log", wrapped=bool(wrap),
            files=files,
        )  # fmt: skip

    def _answers(self) -> bool:
        return _answers(f"{self.url}/readyz", self.door.tls)

    def get(self, path: str) -> str:
        """The body of one page."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10, context=self.door.tls) as answer:  # noqa: S310 -- ours
            return str(answer.read(), "utf-8")

    def metrics(self) -> Metrics | None:
        """What it says of itself; None when it does not answer."""
        try:
            return Metrics(self.get("/metrics"))
        except (OSError, ValueError):
            return None

    def __enter__(self) -> OurServer:
        try:
            self.start()
        except BaseException:
            self.kill()
            self.discard()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing of what it would save is kept, so it need not wait for clients who are gone without a goodbye.

        Unmeasurable when its log tells of an error: what was measured was not a server in good health.
        """
        self.kill() if self._own else self.stop()
        found = faults(self.log)
        self.discard()
        if found and (error is None or isinstance(error, Unmeasurable)):
            said = f"{error}\n" if error else ""
            raise Unmeasurable(
                f"{said}the server's log tells of {len(found)} errors, first: {found[0][:_FAULT_CHARS]}"
            ) from error

    def discard(self) -> None:
        """Remove the data directory, when it was made here."""
        if self._own:
            shutil.rmtree(self.data, ignore_errors=True)


class Memory:
    """The most resident memory of a server, looked at four times a second."""

    def __init__(self, server: Process) -> None:
        self.peak = 0
        self._server = server
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with suppress(OSError, Unmeasurable):  # it has ended: whoever measures finds out in another way
                self.peak = max(self.peak, self._server.resident_bytes())
            if self._end.wait(0.25):
                return


def cpu_of(pid: int) -> float:
    """Seconds of processor time a process has used, user and system; OSError when there is none."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def started_of(pid: int) -> float:
    """When a process began, in seconds since 1970; OSError when there is none."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    booted = next(line for line in Path("/proc/stat").read_text(encoding="ascii").splitlines() if line.startswith("btime "))
    return int(booted.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def resident_of(pid: int) -> int:
    """Resident bytes of a process (the kernel's exact sum where it offers one); OSError when there is none."""
    try:
        return _field(Path(f"/proc/{pid}/smaps_rollup"), "Rss:")
    except OSError:
        return _field(Path(f"/proc/{pid}/status"), "VmRSS:")


def environment_name(setting: str) -> str:
    """The environment variable of a dotted setting."""
    return "FWBER_RT_" + setting.upper().replace(".", "_")


def _answers(url: str, tls: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=tls) as answer:  # noqa: S310 -- our own loopback address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def _field(file: Path, name: str) -> int:
    for line in file.read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError(f"{file} has no {name}")
