"""The page's title, theme, style sheet and general script."""

import json
from pathlib import Path

import gradio as gr

from gait_demo.ui.examples import TITLES

TITLE = "Hide who is walking"
DESCRIPTION = (
    "People are recognised by their walk. Here everybody who walks in a video gets another body, "
    "another height, another walk and another pace; path, place and clothes stay."
)
FAVICON = Path(__file__).parent / "favicon.svg"
THEME = gr.themes.Default(
    primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["monospace"]
).set(  # text that everybody can read
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_800",
    button_cancel_background_fill="*neutral_600",
    button_cancel_background_fill_dark="*neutral_600",
    button_cancel_background_fill_hover="*neutral_700",
    button_cancel_background_fill_hover_dark="*neutral_700",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
)

CSS = """
.gradio-container {width: 100%; max-width: 1360px !important; margin: 0 auto !important}
.gradio-container {--layout-gap: .6rem; --block-padding: .5rem .7rem}
.gradio-container {overflow: clip !important}  /* hidden would keep the result from sticking */
[role=tab][aria-selected=true] {color: #0f766e !important}
.dark [role=tab][aria-selected=true] {color: #2dd4bf !important}
#intro {align-items: center; gap: .5rem 1rem}
#intro > :first-child {flex: 1 1 30rem}
#intro h1 {margin: 0}
#intro p {margin: .2rem 0 0}
#try {min-width: 10rem; flex: 0 0 auto}
:is(#note, #mishap-block):has([hidden]) {display: none}
body:not(:has(:is(#player, #facts) [data-testid=status-tracker]:not(.hide))):not(:has(#lines.busy))
  #stop {display: none}
:is(#strength, #colour) .wrap {gap: .25rem}
:is(#strength, #colour) label {padding: .25rem .3rem; font-size: .76rem}
.hidden-or-not {display: flex; flex-wrap: wrap; gap: .5rem .75rem}
.hidden-or-not p {
  flex: 1 1 17rem; margin: 0; padding: .5rem .75rem; border-radius: .5rem;
  background: var(--block-background-fill); border: 1px solid var(--border-color-primary);
  border-left: .3rem solid #8a8f98; font-size: .95rem;
}
.hidden-or-not .yes {border-left-color: #15803d}
.hidden-or-not .no {border-left-color: #b91c1c}
:is(#trouble, #mishap) {margin: 0; border-left: .3rem solid #b91c1c; padding: .3rem .7rem}
#unplayable {margin: 0; font-size: .9rem}
#examples .gallery {flex-wrap: nowrap; overflow-x: auto}
#examples .gallery-item, #examples .gallery-item * {
  width: 5.3rem; height: 3rem; max-width: none;
}
#examples img {object-fit: cover}
#source button[title^='Trim'], #source button[title^='Reset'] {display: none}
#source .video-container {height: 128px}
#source video {height: 118px; object-fit: contain}
#source:has(.mirror-wrap) {height: auto !important}  /* the label above the preview, not over it */
#source:has(.mirror-wrap) > [data-testid=block-label] {position: static}
#source:has(.mirror-wrap) .video-container {height: auto}
footer .divider {display: none}
#gaits, #gaits .html-container {padding: 0}
.prose :is(td, th) {word-break: normal !important; overflow-wrap: break-word}
#lines td {padding: .3rem .4rem}
#player .html-container {padding: 0}
#player .pending {opacity: 1}
#player [data-testid=status-tracker]:not(.hide, .generating) {
  background: rgb(0 0 0 / .78); height: var(--screen-height); min-height: 7rem;
  border-radius: .5rem;
}
#player [data-testid=status-tracker] * {color: #fff}
#player:has([data-testid=status-tracker]:not(.hide)) :is(.stale, .empty) {display: none}
#player [data-testid=status-tracker]:has(.progress-level) .meta-text-center {display: none}
#player .progress-level-inner {font: 600 1rem system-ui, sans-serif; padding: 0 1rem}
@media (min-width: 1000px) {#result {position: sticky; top: .5rem; align-self: flex-start}}
@media (max-width: 700px) {
  #result {display: contents}
  #player {order: -1; width: 100%}
  #changes {order: 1; width: 100%}
  footer {display: none !important}
}
"""

# Gives buttons and videos names for screen readers, shows errors permanently on the page instead of
# in a toast, and turns "Video not playable" (many phones' formats) into a note instead of an error.
PAGE_JS = """
() => {
  const titles = TITLES;
  const note = (is) => {
    const line = document.querySelector("#unplayable");
    if (line) line.hidden = !is;
  };
  const name = () => {
    for (const video of document.querySelectorAll(".block video:not([aria-label])")) {
      const label = video.closest(".block").querySelector("[data-testid=block-label]");
      if (label) video.setAttribute("aria-label", label.innerText.trim());
    }
    document.querySelectorAll("#examples .gallery-item").forEach((button, index) => {
      button.setAttribute("aria-label", `Example: ${titles[index]}`);
      button.title = titles[index];
    });
    for (const drop of document.querySelectorAll("button[aria-dropeffect][aria-label]")) {
      drop.removeAttribute("aria-label");  // its text is its name
    }
    document.querySelector("#people .image-container > button:not([aria-label])")
      ?.setAttribute("aria-label", "The people who were found");
    for (const toast of document.querySelectorAll("[data-testid=toast-body].error")) {
      const texts = [...toast.querySelectorAll("[data-testid=toast-text]")].map((one) =>
        one.innerText.trim());
      const mishap = document.querySelector("#mishap");
      if (!texts.length || toast.dataset.told === texts.join()) continue;
      if (!mishap?.closest("[role=tabpanel]")?.checkVisibility()) continue;
      toast.dataset.told = texts.join();
      toast.style.display = "none";
      toast.querySelector("[data-testid=toast-close]").click();
      if (texts.includes("Video not playable")) note(true);
      const others = texts.filter((text) => text !== "Video not playable");
      if (!others.length) continue;
      mishap.textContent = others.join(" ");
      mishap.hidden = false;
    }
    if (!document.querySelector("#source video")) note(false);
    document.querySelector("#status")?.setAttribute("role", "status");
    document.querySelector("#trouble")?.setAttribute("role", "alert");
  };
  new MutationObserver(name).observe(document.body, {childList: true, subtree: true});
  document.addEventListener("click", (event) => {
    const line = document.querySelector("#mishap");
    if (line && event.target.closest("button, input")) line.hidden = true;
  }, true);
  const inSource = (event) => event.target.closest?.("#source");
  document.addEventListener("loadeddata", (e) => inSource(e) && note(false), true);
}
""".replace("TITLES", json.dumps(list(TITLES.values())))
