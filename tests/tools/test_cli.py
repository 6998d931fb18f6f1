"""What a user types, and what ./distrib makes of it."""

import doctest
import multiprocessing
import re
import subprocess

import pytest

from tools import benching, debian, paths, steps, testing
from tools.__main__ import _parse

COMMANDS = ["up", "test", "shell", "psql", "update", "bench", "i18n", "reset", "doctor", "import-sales"]


def test_help_has_a_line_for_each_command():
    text = subprocess.run([paths.PROJECT / "distrib", "--help"], capture_output=True, text=True, check=True).stdout
    for command in COMMANDS:
        assert re.search(rf"^    {command}\s+\S+ \S+", text, re.MULTILINE), command


def test_the_rest_of_the_line_belongs_to_pytest():
    options = _parse(["test", "addons/distrib_orders", "-k", "race and not slow", "-x"])
    assert not options.core
    assert options.arguments == ["addons/distrib_orders", "-k", "race and not slow", "-x"]
    options = _parse(["test", "--core", "--modules=stock", "-k", "quant"])
    assert (options.core, options.modules, options.arguments) == (True, "stock", ["-k", "quant"])
    assert _parse(["bench", "routing_plan", "--seed", "3"]).name == "routing_plan"
    assert _parse(["bench"]).name is None


def test_every_measurement_says_what_it_is():
    assert len(benching.names()) >= 2
    for name, line in benching.names().items():
        assert line.endswith("."), name
    assert doctest.testmod(benching).failed == 0


def test_an_unknown_measurement_cannot_run():
    with pytest.raises(steps.Problem) as problem:
        benching.bench("no_such_thing", [])
    assert problem.value.remedy == "./distrib bench"


def test_chinese_is_kept_other_languages_are_left_out():
    root = "./usr/lib/python3/dist-packages/odoo/addons/stock/i18n"
    assert debian.other_languages(f"{root}/zh_CN.po")
    assert debian.other_languages(f"{root}/stock.pot")
    assert not debian.other_languages(f"{root}/fr.po")


def test_hash_changes_with_a_file_and_not_with_what_python_compiles(tmp_path):
    (tmp_path / "a.py").write_text("1")
    before = paths.tree_hash(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/a.pyc").write_text("x")
    assert paths.tree_hash(tmp_path) == before
    (tmp_path / "a.py").write_text("2")
    assert paths.tree_hash(tmp_path) != before


def test_a_failed_command_shows_its_end_and_its_log(tmp_path):
    log = tmp_path / "x.log"
    with pytest.raises(steps.Problem) as problem:
        steps.run(["sh", "-c", "echo disk full; exit 3"], log)
    assert "disk full" in problem.value.what
    assert str(log) in problem.value.remedy


def _hold(path, held, release):
    with steps.lock(path):
        held.set()
        release.wait(20)


def test_a_killed_holder_lets_go_of_its_lock(tmp_path):
    path = tmp_path / "x.lock"
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(path, held, release))
    process.start()
    assert held.wait(20)
    process.kill()
    process.join()
    with steps.lock(path):
        pass


def test_parts_of_a_run_are_counted_together(tmp_path, capsys):
    report = tmp_path / "r.xml"
    report.write_text(
        '<testsuites><testsuite><testcase file="a" classname="A" name="x"/>'
        '<testcase file="a" classname="A" name="y"><failure/></testcase>'
        '<testcase file="a" classname="A" name="z"><skipped/></testcase></testsuite></testsuites>'
    )
    tally = testing.Tally()
    tally.add(report, 1)
    with pytest.raises(SystemExit) as end:
        tally.close()
    assert end.value.code == 1
    assert "1 failed, 1 passed, 1 skipped in" in capsys.readouterr().out


def test_a_part_that_did_not_finish_fails_the_run(tmp_path):
    tally = testing.Tally()
    tally.add(tmp_path / "none.xml", 3)
    with pytest.raises(SystemExit) as end:
        tally.close()
    assert end.value.code == 1
