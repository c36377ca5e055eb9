"""How far each service is, stage by stage, from the first look to the clean-up."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from grpc2connect.engine import run
from grpc2connect.moved import moved
from grpc2connect.options import Options, Stage
from grpc2connect.report import narrowing, page, plain, progress
from grpc2connect.report.document import Document
from grpc2connect.report.json_report import Surroundings, document
from grpc2connect.report.paint import Paint
from tests.report import reports

STUBS = Path(__file__).parents[2] / "examples" / "rule_pack" / "fixtures" / "_stubs"
APP = """
import grpc
import till_pb2
import till_pb2_grpc


class Till(till_pb2_grpc.TillServicer):
    def Pay(self, request, context):
        if not request.cents:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "nothing")
        return request


def serve(server: grpc.Server):
    till_pb2_grpc.add_TillServicer_to_server(Till(), server)


def pay(cents):
    with grpc.insecure_channel("localhost:1") as channel:
        return till_pb2_grpc.TillStub(channel).Pay(till_pb2.Amount(cents=cents))
"""


def report_of(folder: Path, stage: Stage | None = None) -> Document:
    """What `report` says, after a step if one is given."""
    if stage is not None:
        for change in run(Options(folder, (folder,), stage=stage)).changes:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            change.path.unlink() if change.deletes else change.path.write_bytes(change.after)
    options = Options(folder, (folder,))
    around = Surroundings(moved=moved(options))
    return document(run(options), command="report", exit_code=0, surroundings=around)


def steps(made: Document) -> dict[str, list[str]]:
    return {
        row["name"]: [re.sub(r"\d+", "N", progress.said(row["steps"][step])) for step in progress.STEPS]
        for row in made["progress"]
    }


def test_a_service_goes_through_all_stages(tmp_path: Path) -> None:
    shutil.copytree(STUBS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "app.py").write_text(APP)
    first = report_of(tmp_path)
    assert steps(first) == {"till.Till": ["to do", "N to do", "N to do", "waits"]}
    by_stage = first["progress"][0]["steps"]
    assert by_stage["server"]["open"] == 5  # a base, a handler, an abort and its code, a registration
    assert by_stage["client"]["open"] == 3  # a channel, a stub, a call
    assert steps(report_of(tmp_path, Stage.GENERATE)) == {"till.Till": ["done", "N to do", "N to do", "waits"]}
    assert steps(report_of(tmp_path, Stage.SERVER)) == {"till.Till": ["done", "done", "N to do", "waits"]}
    assert steps(report_of(tmp_path, Stage.CLIENT)) == {"till.Till": ["done", "done", "done", "to do"]}
    last = report_of(tmp_path, Stage.CLEANUP)
    assert last["references"] == []
    assert steps(last) == {"till.Till": ["done", "done", "done", "done"]}
    assert "1 service done  1 of 1    1 of 1  1 of 1  1 of 1" in plain.render(last, Paint())
    assert '<td class="step done"><i aria-hidden="true">●</i> done</td>' in page.render(last)


def test_what_is_held_is_told_from_what_another_stage_moves(tmp_path: Path) -> None:
    shutil.copytree(STUBS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "app.py").write_text(APP.replace("TillStub(channel).Pay", "TillStub(channel).Pay  # g2c: hold later\n"))
    assert steps(report_of(tmp_path)) == {"till.Till": ["held", "N held", "N held", "waits"]}
    (tmp_path / "app.py").write_text(APP)
    made = run(Options(tmp_path, (tmp_path,), stage=Stage.SERVER))
    around = Surroundings(moved=moved(Options(tmp_path, (tmp_path,))))
    waiting = document(made, command="report", exit_code=0, surroundings=around)
    assert steps(waiting) == {"till.Till": ["to do", "N to do", "N to do", "waits"]}


def test_a_part_has_its_own_services() -> None:
    made = reports.report()
    names = [row["name"] for row in made["progress"]]
    assert "shop.v1.Gone" in names
    part = narrowing.narrowed(made, lambda path, units: "shop.v1.Service0" in units, {"units": ["shop.v1.Service0"]})
    assert [row["name"] for row in part["progress"]] == ["shop.v1.Service0"]
    part = narrowing.narrowed(made, lambda path, units: path.startswith("team0"), {"paths": ["team0/"]})
    assert "shop.v1.Gone" not in [row["name"] for row in part["progress"]]
