"""How the page looks, and what moves on it without the server."""

import gradio as gr

THEME = gr.themes.Default(
    primary_hue="teal", font=["system-ui", "sans-serif"], font_mono=["monospace"]
).set(  # text that everybody can read
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_cancel_background_fill="*neutral_600",
    button_cancel_background_fill_dark="*neutral_600",
    button_cancel_background_fill_hover="*neutral_700",
    button_cancel_background_fill_hover_dark="*neutral_700",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
)

CSS = """
.gradio-container {width: 100%; max-width: 1240px !important; margin: 0 auto !important}
.hidden-or-not {display: flex; flex-wrap: wrap; gap: .5rem .75rem}
.hidden-or-not p {
  flex: 1 1 17rem; margin: 0; padding: .5rem .75rem; border-radius: .5rem;
  background: var(--block-background-fill); border: 1px solid var(--border-color-primary);
  border-left: .3rem solid #8a8f98; font-size: .95rem;
}
.hidden-or-not .yes {border-left-color: #15803d}
.hidden-or-not .no {border-left-color: #b91c1c}
#status {min-height: 6rem}
#status:has(.progress-text, .progress-level) .prose, #status span.error {visibility: hidden}
#status .meta-text {display: none}
#examples .gallery-item, #examples .gallery-item * {
  width: min(11rem, 40vw); height: min(6.2rem, 23vw); max-width: none;
}
#examples img {object-fit: cover}
.player video {background: #111}
#source button[title^='Trim'], #source button[title^='Reset'] {display: none}
#source .video-container {height: 290px}
@media (max-width: 640px) {footer {display: none !important}}
"""

# The three players start, stop and jump together; screen readers learn what is to be seen; and
# that the browser cannot play a video, as many phones make it, does not look like the end.
PLAYERS_JS = """
() => {
  const name = () => {
    for (const video of document.querySelectorAll(".block video:not([aria-label])")) {
      const label = video.closest(".block").querySelector("[data-testid=block-label]");
      if (label) video.setAttribute("aria-label", label.innerText.trim());
    }
    document.querySelectorAll("#examples .gallery-item").forEach((button, index) => {
      button.setAttribute("aria-label", `Example ${index + 1}`);
    });
    for (const toast of document.querySelectorAll("[data-testid=toast-text]")) {
      if (toast.innerText.trim() === "Video not playable") {
        toast.innerText = "Your browser cannot play this video. That alone is no obstacle.";
      }
    }
  };
  new MutationObserver(name).observe(document.body, {childList: true, subtree: true});
  const follow = (event) => {
    const lead = event.target;
    if (!lead.closest || !lead.closest("#players")) return;
    if (event.type === "seeked" && lead.dataset.following) {
      delete lead.dataset.following;
      return;
    }
    for (const other of document.querySelectorAll("#players video")) {
      if (other === lead) continue;
      if (Math.abs(other.currentTime - lead.currentTime) > 0.1) {
        other.dataset.following = "yes";
        other.currentTime = lead.currentTime;
      }
      if (lead.paused && !other.paused) other.pause();
      if (!lead.paused && other.paused) other.play();
    }
  };
  for (const name of ["play", "pause", "seeked"]) document.addEventListener(name, follow, true);
}
"""
