"""Previews of the gaits of a few seeds, as small animated pictures to choose from."""

from __future__ import annotations

import gradio as gr

SEEDS = (1, 2, 3, 4, 5, 6)

_HTML = """
<section class="gaits" aria-label="Gaits to choose from">
  {{#each value}}
  <button type="button" data-seed="{{seed}}" aria-label="Take the gait of seed {{seed}}"
    title="Take the gait of seed {{seed}}"><i style="background-image: url({{strip}})"></i>
    <span>{{seed}}</span></button>
  {{/each}}
</section>
"""
_CSS = """
.gaits {display: flex; flex-wrap: wrap; gap: .35rem}
.gaits button {display: flex; align-items: end; padding: 0 .3rem .1rem 0; cursor: pointer;
  border: 1px solid var(--border-color-primary); border-radius: .4rem;
  background: #e8eceb; color: #111; font: 600 .75rem/1.1 system-ui, sans-serif}
.gaits button:focus-visible {outline: 3px solid #0d9488; outline-offset: 2px}
.gaits button:hover {border-color: #0f766e}
.gaits i {display: block; width: 48px; height: 48px; background-size: auto 48px;
  animation: walk 2s steps(24) infinite}
@keyframes walk {to {background-position-x: -1152px}}
@media (prefers-reduced-motion: reduce) {.gaits i {animation: none}}
"""
_JS = """
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-seed]");
  if (chosen) trigger("select", {seed: Number(chosen.dataset.seed)});
});
"""


def gaits_to_choose() -> gr.HTML:
    """The component of the previews; its value is what `pictures` returns."""
    return gr.HTML(
        None,
        html_template=_HTML,
        css_template=_CSS,
        js_on_load=_JS,
        apply_default_css=False,
        visible=False,
        elem_id="gaits",
    )


def pictures(strips: list[str]) -> list[dict]:
    """The value of the component.

    Args:
        strips: one image for each of SEEDS, as made by `serving.change.strip`.
    """
    return [{"seed": seed, "strip": strip} for seed, strip in zip(SEEDS, strips, strict=True)]
