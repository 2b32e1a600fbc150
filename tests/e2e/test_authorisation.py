"""Who may do what, tested whole: every operation over every transport, asked by everybody, of everything."""

from __future__ import annotations

import json
import time

import pytest

from fwber_rt.features import registry
from fwber_rt.transport import downloads
from tests.e2e.conftest import StartProcess
from tests.e2e.forms import Forms
from tests.e2e.matrix.cells import Cell, ask_all
from tests.e2e.matrix.rules import OK, Caller
from tests.e2e.matrix.samples import SAMPLES, samples
from tests.e2e.matrix.scene import Scene

REGISTRY = registry()


def test_every_operation_has_a_sample() -> None:
    assert SAMPLES.keys() == REGISTRY.operations.keys()


async def test_everybody_may_do_what_is_declared_and_nothing_else(
    process: StartProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.perf_counter()
    scene = Scene(await process(limits__enabled="false", rooms__per_user=100_000))
    await scene.open()
    cells: list[Cell] = []
    try:
        for op, operation in REGISTRY.operations.items():
            for sample in samples(op):
                cells += [cell async for cell in ask_all(scene, operation, sample)]
    finally:
        await scene.close()
    trouble = [line for line in scene.server.lines if json.loads(line)["log.level"] in ("error", "critical")]
    wrong = [cell for cell in cells if cell.got != cell.expected]
    successes = [cell for cell in wrong if cell.got == OK]
    with capsys.disabled():
        print(
            f"\nauthorisation: {len(cells)} cells in {time.perf_counter() - started:.0f} s, "
            f"{sum(cell.expected == OK for cell in cells)} allowed; unexpected successes {len(successes)}, "
            f"unexpected refusals {len(wrong) - len(successes)}, "
            f"of {sum(cell.got == 'not.found' for cell in cells)} answers 404 told from one about nothing "
            f"{sum(bool(cell.unlike) for cell in cells)}"
        )
    assert not trouble, "\n" + "\n".join(trouble)
    assert not wrong, "\n" + "\n".join(map(str, wrong))
    told_apart = [f"{cell}: {cell.unlike}" for cell in cells if cell.unlike]
    assert not told_apart, "\n" + "\n".join(told_apart)
    assert set(Caller) == {cell.caller for cell in cells}
    forms = Forms(REGISTRY)
    replies = [cell for cell in cells if cell.got == OK and not cell.over.endswith(downloads.ROUTE)]
    shapes = {op: operation.reply.__name__ for op, operation in REGISTRY.operations.items()}
    misshapen = [f"{cell.op}: {line}" for cell in replies for line in forms.complaints(shapes[cell.op], cell.reply)]
    assert not misshapen, "\n" + "\n".join(sorted(set(misshapen)))
    assert REGISTRY.operations.keys() - {cell.op for cell in replies} <= {"auth.email.verify"}, "which takes a code from a letter"
