"""The whole evaluation, on a few drawn people."""

import dataclasses
import json
import shutil

import cv2
import numpy as np
import pytest
from fake_casia import write_fake_casia

from gait_demo.__main__ import main
from gait_demo.datasets.casia import CasiaB
from gait_demo.errors import DataError
from gait_demo.evaluation import population, privacy
from gait_demo.evaluation.baselines import nothing
from gait_demo.evaluation.figures import privacy_against_naturalness, success_by_view
from gait_demo.evaluation.population import PrivacyOptions
from gait_demo.evaluation.privacy import doubts, evaluate_privacy, worst
from gait_demo.evaluation.protocol import ADVERSARIES, FULL_FRAME, PAPERS
from gait_demo.evaluation.tables import (
    by_attacker,
    by_view,
    galleries,
    headline,
    naturalness,
    naturalness_by_view,
    success,
    tables,
    training,
)
from gait_demo.models import build
from gait_demo.models.stgan import STGAN, STGANDims


def empty(clip, seed):
    return dataclasses.replace(clip, masks=0 * clip.masks)


METHODS = {"none": nothing, "empty": empty}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    conditions = ("nm-01", "nm-02", "nm-05")
    folder = tmp_path_factory.mktemp("casia")
    return write_fake_casia(folder, people=8, videos=False, conditions=conditions)


@pytest.fixture(scope="module")
def data(folder):
    return CasiaB(folder)


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    some = ("raw GEI", PAPERS, FULL_FRAME, "GaitSet")
    return PrivacyOptions(tmp_path_factory.mktemp("out"), steps=1, views=(90,), attackers=some)


@pytest.fixture(scope="module")
def report(data, options):
    return evaluate_privacy({"drawn": data}, METHODS, options)


@pytest.mark.slow
def test_report_holds_every_method_recogniser_and_adversary(report):
    assert report["people"] == {"trained": 3, "tested": 3}
    assert report["chance"] == {"top-1": 1 / 3, "top-3": 1.0, "top-5": 1.0}
    for method in METHODS:
        for recogniser in report["methods"][method].values():
            assert list(recogniser) == list(ADVERSARIES)
            for found in recogniser.values():
                assert found["all probes"]["same view"] == found["all probes"]["by view"]["090"]
    assert report["naturalness"] == {"none": None, "empty": None}  # of three people
    clear = report["methods"]["none"]["raw GEI"]["naive"]["all probes"]["same view"]["top-1"]
    assert clear["rate"] == 1 and clear["people"] == 3


def test_nobody_in_the_output_is_no_success(report):
    for adversary in ADVERSARIES:
        found = worst(report["methods"]["empty"], [adversary])
        assert found["top-1"]["rate"] == 1 and found["equal error rate"] == 0


def test_table_shows_success_and_the_worst_case(report):
    lines = headline(report).splitlines()
    assert "3 people to train attackers on, 3 others tested" in lines[0]
    rows = [line for line in lines if line.startswith("| empty |")]
    assert len(rows) == 5 and all("1.000 [1.00-1.00]" in row for row in rows)
    shown = next(row for row in success(report).splitlines() if row.startswith("| empty |"))
    assert shown.count("0.000") >= 2  # of the subset that there is


def test_a_network_that_more_training_would_help_makes_figures_the_least_there_may_be(report):
    low, high = ({"rate": r, "interval": [r - 0.01, r + 0.01]} for r in (0.2, 0.5))
    rates = [{"informed": low, "linking": low}, {"informed": high, "linking": low}]
    rising = {"GaitSet": {"rates": rates, "is converged": False}}
    shown = report | {"training": report["training"] | {"none": rising}}
    rows = [line for line in headline(shown).splitlines() if line.startswith("| none |")]
    assert rows and all(row.split(" | ")[2].startswith("at least ") for row in rows)
    assert "| none | GaitSet | informed | 0.200 [0.19-0.21] -> 0.500 [0.49-0.51] | **no** |" in (
        training(shown)
    )


def test_networks_that_learnt_too_little_are_not_believed(report):
    strong = {"GaitSet": {"nm": {"rate": 0.95}}}
    assert doubts(report | {"clear": strong}) == []
    weak = report | {"clear": {"GaitSet": {"nm": {"rate": 0.6}}}}
    weak |= {"training": {"ours": {"GaitBase": {"is converged": False}}}}
    of_clear, of_training = doubts(weak)
    assert of_clear.startswith("GaitSet names only 0.60 in clear")
    assert of_training == "GaitBase has not converged on ours"


def test_figures_that_are_not_believed_are_not_published(folder, tmp_path, capsys, monkeypatch):
    page = tmp_path / "README.md"
    page.write_text("<!-- privacy -->\n<!-- end of privacy -->\n")
    command = ["evaluate", "privacy", "--data", str(folder), "--out", str(tmp_path / "out")]
    few = ["--views", "90", "--steps", "1", "--methods", "none", "--attackers", "GaitSet"]
    monkeypatch.setattr(privacy, "LEAST_IN_CLEAR", 1.1)
    assert main([*command, *few, "--readme", str(page)]) == 2
    assert "keeps its tables: GaitSet names only" in capsys.readouterr().err
    assert "GaitSet" not in page.read_text()
    assert "GaitSet" in (tmp_path / "out" / "results.md").read_text()


def test_every_attacker_is_tried_in_clear(report):
    assert report["clear"]["raw GEI"]["nm"]["rate"] == 1
    assert set(report["clear"]) < set(report["methods"]["none"])  # and fused


def test_table_shows_every_attacker_by_itself(report):
    head, rule, *rows = by_attacker(report).splitlines()[2:]
    assert head.startswith("| method | adversary | raw GEI |")
    assert head.endswith("| GaitSet | silhouettes and joints fused | everything fused |")
    assert len(rows) == len(METHODS) * len(ADVERSARIES)
    assert rows[0].startswith("| none | naive | 1.000 [1.00-1.00] |")


def test_tables_by_view_and_of_naturalness(report):
    assert "| none | 2 | 0.000 |" in by_view(report)
    told = {"accuracy": 0.61, "interval": [0.55, 0.7]}
    more = told | {"is converged": False}
    figures = {"spatial": told, "temporal": more, "smooth": 0.1, "phase": None, "direction": 1.0}
    shown = naturalness({"naturalness": {"none": None, "ours": figures | {"broken": 0.02}}})
    assert (
        "| ours | 0.610 [0.55-0.70] | at least 0.610 [0.55-0.70] | 0.1 | 0.02 | - | 1.0 |" in shown
    )
    assert "| none |" not in shown
    by = {"by view": {"000": told, "090": told}}
    natural = {"none": None, "ours": {"spatial": by, "temporal": {"by view": {"090": told}}}}
    shown = naturalness_by_view({"views": [0, 90], "naturalness": natural})
    assert "| by | view | ours |" in shown and "| shape | 000 | 0.610 [0.55-0.70] |" in shown
    assert "| movement | 000 | - |" in shown and "| movement | 090 | 0.610 [" in shown


def test_figures_are_drawn(report, tmp_path):
    natural = {"spatial": {"accuracy": 0.6}, "temporal": {"accuracy": 0.7}}
    shown = report | {"naturalness": {"none": natural, "empty": None}}
    for draw in (success_by_view, privacy_against_naturalness):
        draw(shown, tmp_path / "figure.png")
        picture = cv2.imread(str(tmp_path / "figure.png"))
        assert picture.shape[0] > 400 and 10 < picture.std()


def test_a_second_run_goes_on_where_the_first_was(data, options, report, monkeypatch):
    monkeypatch.setattr(population, "attack", None)  # it would be called
    again = evaluate_privacy({"drawn": data}, METHODS, options)
    assert again["methods"] == report["methods"]


def test_methods_that_do_the_same_are_attacked_once(data, options, report, monkeypatch):
    monkeypatch.setattr(population, "attack", None)
    again = evaluate_privacy({"drawn": data}, METHODS | {"black-out": nothing}, options)
    assert again["methods"]["black-out"] == report["methods"]["none"]


def test_results_of_other_options_are_not_mixed_in(data, options, report):
    evaluate_privacy({"drawn": data}, METHODS, dataclasses.replace(options, weights={"anet": "a"}))
    evaluate_privacy({"drawn": data}, METHODS, dataclasses.replace(options, weights={"stgan": "b"}))
    for other in ({"seed": 1}, {"weights": {"anet": "c"}}):
        with pytest.raises(DataError, match="another evaluation"):
            evaluate_privacy({"drawn": data}, METHODS, dataclasses.replace(options, **other))


def test_results_of_noise_of_another_length_are_not_mixed_in(data, options, report, monkeypatch):
    monkeypatch.setattr(population, "SPREAD", 1.0)
    with pytest.raises(DataError, match="another evaluation"):
        evaluate_privacy({"drawn": data}, METHODS, options)


def test_naturalness_alone_makes_half_of_the_probes_only(data, tmp_path, monkeypatch):
    monkeypatch.setattr(population, "attack", None)  # it would be called
    seeds = []

    def counted(clip, seed):
        seeds.append(seed)
        return clip

    options = PrivacyOptions(tmp_path, steps=2, views=(90,), attackers=())
    report = evaluate_privacy({"drawn": data}, {"counted": counted}, options)
    assert len(seeds) == 2 and report["people"]["tested"] == 3  # one probe each
    assert report["naturalness"] == {"counted": None} and report["methods"] == {"counted": {}}
    assert (tmp_path / "counted, naturalness.json").is_file()  # a whole run goes on from there


def test_the_command_takes_some_of_the_methods(folder, tmp_path, capsys):
    arguments = ["evaluate", "privacy", "--data", str(folder), "--out", str(tmp_path)]
    attackers = ["--attackers", "raw GEI,ridge regression on joints"]
    few = [*arguments, *attackers, "--views", "90", "--methods"]
    assert main([*few, "none,fog"]) == 2
    assert "no method fog; choose from: none," in capsys.readouterr().err
    baseline = tmp_path / "stgan.safetensors"
    build.save(baseline, "stgan", STGAN(STGANDims(width=4)), {})
    assert main([*few, "none,ST-GAN", "--stgan", str(baseline)]) == 0
    shown = capsys.readouterr().out
    assert all(f"| {name} |" in shown for name in ("none", "ST-GAN"))
    assert "| blur |" not in shown and (tmp_path / "results.json").is_file()


def test_populations_are_attacked_by_themselves_and_reported_together(folder, tmp_path, capsys):
    conditions = ("nm-01", "nm-02", "nm-05")
    other = write_fake_casia(tmp_path / "more", people=20, videos=False, conditions=conditions)
    few = ["--views", "90", "--methods", "none", "--attackers", "raw GEI", "--out", str(tmp_path)]
    command = ["evaluate", "privacy", *few, "--data", str(folder)]
    assert main([*command, str(other)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("2 populations, each attacked by itself: 11 people")
    assert "with its 95 % interval over people and attackers, in these populations" in shown
    head = "| method | what is known | rank-1 | rank-5 | EER | bits | best attacker | adversary |"
    assert head in shown.splitlines()
    assert (
        f"| none | {folder.name} | 1.000 [1.00-1.00] |" in shown and "| none | more | 1.0" in shown
    )
    report = json.loads((tmp_path / "results.json").read_text())
    assert report["people"] == {"trained": 3 + 8, "tested": 3 + 6}
    alone = report["populations"]
    for top, chance in (("top-1", (1 / 3 + 1 / 6) / 2), ("top-5", (1 + 5 / 6) / 2)):
        assert report["chance"][top] == pytest.approx(chance)
    bits = [alone[name]["methods"]["none"]["raw GEI"]["naive"]["information"]["rate"]
            for name in (folder.name, "more")]  # fmt: skip
    assert bits == pytest.approx(np.log2([3, 6]), abs=1e-3)  # everybody is recognised
    both = report["methods"]["none"]["raw GEI"]["naive"]
    assert both["information"]["rate"] == pytest.approx(np.mean(bits), abs=1e-3)
    assert report["galleries"] == [] and alone["more"]["galleries"] == [5]
    lines = galleries(alone["more"]).splitlines()
    assert "| method | what is known | 5 people (by chance: 0.200) |" in lines
    assert "| none | informed, by shape | 1.000 [1.00-1.00] |" in lines
    assert main([*command, str(folder)]) == 2
    assert "different names" in capsys.readouterr().err


def test_the_results_of_other_walks_are_not_taken_for_these(folder, tmp_path):
    options = PrivacyOptions(tmp_path, views=(90,), attackers=("raw GEI",))
    evaluate_privacy({"drawn": CasiaB(folder)}, {"none": nothing}, options)
    conditions = ("nm-01", "nm-02", "nm-05")
    other = write_fake_casia(tmp_path / "other", people=8, videos=False, conditions=conditions)
    for path in other.glob("*/001/nm-01/090/*.png"):
        cv2.imwrite(str(path), cv2.imread(str(path))[:, ::-1])
    with pytest.raises(DataError, match="another evaluation"):
        evaluate_privacy({"drawn": CasiaB(other)}, {"none": nothing}, options)


def test_people_who_are_in_no_gallery_are_not_counted_there(tmp_path):
    conditions = ("nm-01", "nm-05")
    folder = write_fake_casia(tmp_path / "few", people=16, videos=False, conditions=conditions)
    for path in folder.glob("*/016/nm-01"):
        shutil.rmtree(path)
    options = PrivacyOptions(tmp_path / "out", views=(90,), attackers=("raw GEI",))
    report = evaluate_privacy({"drawn": CasiaB(folder)}, {"none": nothing}, options)
    assert report["people"]["tested"] == 5 and report["chance"]["top-1"] == 1 / 4
    assert report["galleries"] == [] and "| none | informed, by shape | 1.0" in tables(report)
    bits = report["methods"]["none"]["raw GEI"]["naive"]["information"]
    assert bits["rate"] == pytest.approx(2, abs=1e-3) and bits["people"] == 4


def refused(clip, seed):
    raise DataError("The walker cannot be seen.")


def test_a_method_that_refuses_walks_is_told_and_counts_as_a_failure(folder, tmp_path):
    options = PrivacyOptions(tmp_path, views=(90,), attackers=("raw GEI", FULL_FRAME))
    report = evaluate_privacy({"drawn": CasiaB(folder)}, {"refused": refused}, options)
    assert report["refused"] == {"refused": 1.0}
    assert worst(report["methods"]["refused"])["top-1"]["rate"] == 1
    assert "refused refuses 100.0% of the probes" in headline(report)


def test_the_command_takes_some_of_the_attackers(folder, tmp_path, capsys):
    out = str(tmp_path / "out")
    command = ["evaluate", "privacy", "--data", str(folder), "--out", out, "--views"]
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- privacy -->\nformer\n<!-- end of privacy -->\nafter\n")
    few = [*command, "90", "--methods", "none", "--readme", str(page), "--attackers"]
    assert main([*few, "raw GEI,luck"]) == 2
    assert "no attacker luck; choose from: raw GEI, " in capsys.readouterr().err
    assert main([*few, "raw GEI,full frame"]) == 0
    shown = capsys.readouterr().out
    assert "| none | informed, by shape | 1.000 [1.00-1.00] |" in shown
    assert "| none | height, speed, strides and path | " in shown and "| full frame |" in shown
    assert "GaitSet" not in shown and "Success" not in shown  # of whom was not asked for
    before, shown, after = page.read_text().split("\n\n", 1)[0], page.read_text(), "\nafter\n"
    assert before == "before\n<!-- privacy -->" and shown.endswith(after)
    assert "former" not in shown
    assert "| none | informed, by shape | 1.000 [1.00-1.00] |" in shown
    page.write_text("no place for tables")
    shutil.rmtree(tmp_path / "out")
    assert main([*few, "raw GEI"]) == 2
    assert "needs two lines" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()  # before any work


def test_the_command_measures_naturalness_alone(folder, tmp_path, capsys):
    few = ["--views", "0,90", "--steps", "2", "--methods", "none", "--naturalness"]
    page = tmp_path / "README.md"
    page.write_text("<!-- how natural -->\n<!-- end of how natural -->\n")
    few += ["--readme", str(page), "--section", "how natural"]
    command = ["evaluate", "privacy", "--data", str(folder), "--out", str(tmp_path), *few]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "by view angle" in shown and "Success" not in shown
    assert (tmp_path / "naturalness.md").read_text() in page.read_text()
    assert (tmp_path / "naturalness.md").read_text() in shown
    assert not (tmp_path / "results.json").exists()


@pytest.mark.parametrize(
    ("mode", "option", "value"),
    [
        ("--quick", "--steps", "9"),
        ("--quick", "--views", "90"),
        ("--naturalness", "--attackers", "raw GEI"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(
    folder, tmp_path, capsys, mode, option, value
):
    command = ["evaluate", "privacy", "--data", str(folder), "--out", str(tmp_path / "out")]
    assert main([*command, mode, option, value]) == 2
    assert f"{option} is of no use with {mode}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
