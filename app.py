"""The Gradio app: `python app.py` serves it, and a Hugging Face Space runs this file."""

import atexit
import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if "SPACE_ID" in os.environ:  # on a Space, all requests come through the Hub's proxy
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")

from gait_demo.serving import zero_gpu  # noqa: E402

zero_gpu.declare()

import gradio as gr  # noqa: E402
from gradio import http_server, networking  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from gait_demo.errors import WeightsError  # noqa: E402
from gait_demo.mos.settings import StudySettings  # noqa: E402
from gait_demo.serving.ending import end_tidily  # noqa: E402
from gait_demo.serving.engine import Engine  # noqa: E402
from gait_demo.ui import anonymize_tab, privacy, rating_tab, theme  # noqa: E402
from gait_demo.ui.actions import Actions  # noqa: E402
from gait_demo.ui.examples import FOLDER, clips  # noqa: E402
from gait_demo.ui.head import OwnHead, head  # noqa: E402
from gait_demo.ui.request_filter import MOST_UPLOAD_BYTES, RequestFilter  # noqa: E402
from gait_demo.ui.session import Sessions  # noqa: E402
from gait_demo.weights import RELEASED, ask_ahead  # noqa: E402

ASSETS = Path(__file__).resolve().parent / "assets"
MOST_WAITING = 40  # for each line: runs, inspections, ...

until_the_end = ExitStack()
atexit.register(until_the_end.close)
try:
    root = privacy.private_root(os.environ.get("GRADIO_TEMP_DIR"))
    root = until_the_end.enter_context(root)
except OSError as error:
    raise SystemExit(f"Visitors' files cannot be kept: {error}. Set GRADIO_TEMP_DIR.") from error
os.environ["GRADIO_TEMP_DIR"] = str(root)
privacy.keep_private()

logging.basicConfig(format="%(message)s")
logging.getLogger("gait_demo.weights").setLevel(logging.INFO)
ask_ahead(*RELEASED)  # downloads in the background; the page opens meanwhile, and says so

workers = os.environ.get("GAIT_DEMO_WORKERS", "1")
if not workers.isdecimal() or int(workers) == 0:
    raise SystemExit(f"GAIT_DEMO_WORKERS, the runs at once, must be 1 or more, not {workers}.")
workers = int(workers)
engine, inspector = Engine(workers), Engine(1, limit_s=60)
atexit.register(engine.close)
atexit.register(inspector.close)

examples = clips(ASSETS)
# served from where they are, so that no clean-up deletes them
gr.set_static_paths(
    [
        *examples,
        *(ASSETS / FOLDER).glob("*/*.mp4"),
        *(ASSETS / FOLDER).glob("*/*.json"),
        ASSETS / "result.png",
    ]
)

sessions = Sessions(root)
sessions.sweep_forever()
actions = Actions(engine, inspector, sessions, examples, root / FOLDER)
unusable: list[str] = []


def get_ready() -> None:
    """Prepares the workers while the page is already open; without weights, ends the server."""
    try:
        actions.get_ready()
    except WeightsError as error:
        unusable.append(str(error))
        os.kill(os.getpid(), signal.SIGINT)


with gr.Blocks(title=theme.TITLE, analytics_enabled=False) as demo:
    with gr.Tab("Anonymize"):
        anonymize_tab.anonymize_tab(demo, actions, workers)
    with gr.Tab("Rate"):
        rating_tab.rating_tab(demo, StudySettings.read(os.environ))

if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit("app.py takes no arguments. To choose a port, set GRADIO_SERVER_PORT.")
    end_tidily()
    threading.Thread(target=get_ready, daemon=True).start()
    # Gradio's own check gives up if the workers' start delays the first page by 3 s
    networking.url_ok = lambda url: True
    demo.queue(max_size=MOST_WAITING, api_open=False).launch(
        theme=theme.THEME,
        css=theme.CSS,
        favicon_path=theme.FAVICON,
        max_file_size=MOST_UPLOAD_BYTES,
        app_kwargs={
            "middleware": [
                Middleware(RequestFilter, folder=root, stop=sessions.cancel),
                Middleware(OwnHead, head=head(ASSETS / "result.png", os.environ)),
            ]
        },
        ssr_mode=False,  # it would start a proxy of its own, which bypasses the filter
        run_history=False,
        enable_monitoring=False,
        footer_links=["api"],
        prevent_thread_lock=True,
    )
    wanted = http_server.INITIAL_PORT_VALUE  # GRADIO_SERVER_PORT, or Gradio's default
    if demo.server_port != wanted:
        print(
            f"Port {wanted} is in use: the page is at {demo.local_url} instead. To choose a port, "
            "set GRADIO_SERVER_PORT.",
            flush=True,
        )
    demo.block_thread()
    if unusable:
        raise SystemExit(unusable[0])
