"""What the secret of the noise does, and that nobody is told it."""

import base64
import logging
from dataclasses import replace

import numpy as np
import pytest
from fixed import NOISE, SECRET
from walker import frames, write_clip

from gait_demo.__main__ import main
from gait_demo.options import AnonymizeOptions, Options
from gait_demo.pipeline import Pipeline


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "walk.mp4", frames(25))


@pytest.fixture(scope="module")
def analysis(person_weights, models, clip, tmp_path_factory):
    return Pipeline(models).analyse(clip, tmp_path_factory.mktemp("analysis"))


def made(pipeline, analysis, seed=3):
    """(T, 64, 64): the first person's new silhouettes."""
    return pipeline.gaits(analysis, seed)[0].clip.masks


def test_without_a_secret_the_seed_repeats_nothing_but_within_one_pipeline(models, analysis):
    one, other = Pipeline(models), Pipeline(models)
    assert np.array_equal(made(one, analysis), made(one, analysis))
    assert not np.array_equal(made(one, analysis), made(one, analysis, seed=4))
    assert not np.array_equal(made(one, analysis), made(other, analysis))


def test_with_the_same_secret_another_pipeline_makes_the_same_gait(models, analysis):
    one, same, other = (
        Pipeline(models, Options(anonymize=replace(NOISE, secret=secret)))
        for secret in (SECRET, SECRET, SECRET[::-1])
    )
    assert np.array_equal(made(one, analysis), made(same, analysis))
    assert not np.array_equal(made(one, analysis), made(other, analysis))


def test_another_clip_gets_another_noise_of_the_same_secret_and_seed(models, analysis):
    pipeline = Pipeline(models, Options(anonymize=NOISE))
    another = replace(analysis, digest=bytes(32))
    assert len(analysis.digest) == 32
    assert not np.array_equal(made(pipeline, analysis), made(pipeline, another))


@pytest.mark.slow
def test_the_command_repeats_a_run_by_its_secret_and_tells_it_to_nobody(
    analysis, models, clip, tmp_path, capsys, caplog
):
    caplog.set_level(logging.DEBUG)
    secret, out = tmp_path / "secret", tmp_path / "result"
    secret.write_bytes(SECRET)
    arguments = ["anonymize", str(clip), "--out", str(out), "--seed", "3"]
    assert main([*arguments, "--secret", str(secret)]) == 0
    pipeline = Pipeline(models, Options(anonymize=NOISE))
    options, told = pipeline.options, capsys.readouterr()
    pipeline.render(analysis, tmp_path / "again", 3)
    results = [path for folder in (out, tmp_path / "again") for path in folder.iterdir()]
    assert len(results) == 10
    for name in ("binary.mp4", "colorized.mp4"):
        assert (out / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    said = [told.out, told.err, caplog.text, repr(options), str(options), repr(pipeline.__dict__)]
    said += [str(path) for path in results]
    everything = b"".join([*(text.encode() for text in said), *(p.read_bytes() for p in results)])
    part = SECRET[:9]
    for form in (part, repr(part)[2:-1].encode(), part.hex().encode(), base64.b64encode(part)):
        assert form not in everything


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "secret cannot be used: No such file"),
        (b"short", "holds 5 bytes, but a secret needs at"),
    ],
)
def test_a_file_that_is_no_secret_is_refused(clip, tmp_path, capsys, content, sentence):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    out = tmp_path / "result"
    arguments = ["anonymize", str(clip), "--out", str(out), "--secret", str(tmp_path / "secret")]
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err and not out.exists()


def test_options_take_no_short_secret():
    with pytest.raises(ValueError, match="at least 16 bytes"):
        AnonymizeOptions(secret=bytes(15))
