"""What of Gradio is replaced to keep visitors' files private."""

import pytest
import safehttpx
from gradio import queueing, route_utils, routes

from gait_demo.ui.privacy import keep_private


@pytest.mark.parametrize(
    "module, name",
    [
        (safehttpx, "get"),
        (safehttpx, "async_validate_url"),
        (queueing, "Queue"),
        (queueing, "error_payload"),
        (route_utils, "GradioUploadFile"),
        (routes, "GradioUploadFile"),
        (routes, "traceback"),
    ],
)
def test_a_gradio_in_which_something_has_another_name_is_refused(monkeypatch, module, name):
    before = dict(vars(queueing))
    monkeypatch.delattr(module, name)
    with pytest.raises(RuntimeError, match=f"{module.__name__} has no {name} to replace"):
        keep_private()
    monkeypatch.undo()
    assert vars(queueing) == before
