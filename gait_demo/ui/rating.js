// The rating page. It calls the API of rating_tab.py: rate_join, rate_next, rate_vote, rate_back;
// each answers with what is to be shown, or with {error: sentence, title}.

const told = props.value;
const KEY = `gait-rating-${told.study}`;
const ENOUGH = 0.95;  // of a clip that has to have been played
const ANSWER_MS = 30000;
const LOST = "The server does not answer. Nothing is lost: check your connection and try again.";
const hasKeys = matchMedia("(hover: hover) and (pointer: fine)").matches;  // no phone, no tablet
const news = element.querySelector(".news");
const stage = element.querySelector(".stage");
const controls = element.querySelector(".controls");
let token = null;
let state = null;
let busy = false;

const remembered = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
const remember = () => { try { localStorage.setItem(KEY, token); } catch { /* no resuming */ } };

function say(text, trouble = false) {
  news.textContent = text;
  news.classList.toggle("trouble", trouble);
}

function make(name, content = "", attributes = {}) {
  const node = document.createElement(name);
  if (typeof content === "string") node.textContent = content;
  else node.append(...content);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  return node;
}

function button(text, onclick, main = false) {
  return make("button", text, {type: "button", class: main ? "main" : null, onclick});
}

const row = (...buttons) => make("div", buttons, {class: "row"});

function show(title, content, below) {
  const heading = make("h1", title, {tabindex: "-1"});
  stage.replaceChildren(heading, ...content);
  controls.replaceChildren(...below);
  if (state) heading.focus({preventScroll: true});
}

async function call(name, ...data) {
  const answer = await fetch(`gradio_api/run/rate_${name}`, {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({data}),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const content = await answer.json();
  if (!answer.ok && !content.error) throw new Error(answer.status);
  return answer.ok ? content.data[0] : content;
}

async function ask(name, ...data) {
  if (busy) return;
  busy = true;
  try {
    const answer = await call(name, ...data);
    if (!answer.error) {
      if (answer.token) { token = answer.token; remember(); }
      state = answer;
      say("");
      render();
    } else if (answer.title === told.unknown) {
      state = null;
      consent();
      say(answer.error, true);
    } else {
      const current = await call("next", token);
      if (!current.error) { state = current; render(); }
      // a vote that arrived, while its answer was lost, is no trouble
      if (current.error || current.clip === data[1]) say(answer.error, true);
    }
  } catch {
    say(LOST, true);
    for (const part of controls.querySelectorAll("fieldset[data-seen]")) part.disabled = false;
  } finally {
    busy = false;
  }
}

function consent() {
  const time = told.minutes > 1 ? `${told.minutes} minutes` : "a minute";
  show(told.name, [
    make("p", `You will see ${told.total} short clips of people walking and say how natural each `
      + `walker looks. It takes about ${time}; you can stop at any time, and even three clips `
      + "help."),
    make("ul", [
      make("li", "What is kept: your ratings, when you gave them, the size of your window, whether it "
        + "is a touch screen, dropped frames, and a random number that this browser remembers, so "
        + "that you can go on later. No name, no address, no account."),
      make("li", "Taking part is voluntary. The ratings may be published, as averages and one by "
        + "one; nothing in them says who you are."),
      make("li", "There is no sound, and there are no right answers. Only a few clips ask you to "
        + "press a certain button: please do."),
    ]),
  ], [row(button("I agree, begin", () => ask("join"), true))]);
}

function welcomeBack() {
  const text = "You have begun to rate on this device; your ratings are kept.";
  show("Welcome back", [make("p", text)], [row(button("Go on", () => ask("next", token), true))]);
}

function secondsPlayed(video) {
  const parts = [...Array(video.played.length).keys()];
  return parts.reduce((sum, i) => sum + video.played.end(i) - video.played.start(i), 0);
}

function count() {
  return state.rated === 1 ? "1 clip" : `${state.rated} clips`;
}

function thanks() {
  const text = `You rated ${count()}, which is all of yours. You can close this page now.`;
  const back = button("Go back one", () => ask("back", token));
  show("Thank you!", [make("p", text)], state.can_go_back ? [row(back)] : []);
}

function pause() {
  const ratings = state.rated ? `You rated ${count()} so far. Thank you! ` : "";
  const text = `${ratings}Come back to this page on this device whenever you like.`;
  show("Stopped for now", [make("p", text)],
    [row(button("Go on", () => ask("next", token), true))]);
}

function rate() {
  const title = state.training ? "For practice" : `Clip ${state.position} of ${state.total}`;
  const video = make("video", "", {
    src: state.video, width: state.width, height: state.height, playsinline: true,
    preload: "auto", disablepictureinpicture: true, "aria-label": "The clip to be rated",
  });
  video.muted = true;
  const play = button("Play", () => {
    if (video.error) video.load();
    video.currentTime = 0;
    video.play();
  });
  const scale = make("fieldset", [
    make("legend", told.question),
    make("div", told.scale.map(([score, label]) => make(
      "button", [make("b", String(score)), make("span", label)], {
        type: "button", "data-score": score, "aria-keyshortcuts": score,
        "aria-pressed": String(state.score === score), onclick: () => vote(score),
      })), {class: "scale"}),
  ]);
  const again = state.score !== null;
  const unlock = () => {
    scale.disabled = false;
    scale.dataset.seen = "yes";
    say(again ? "Change your rating, or press the same again."
      : `You can rate now${hasKeys ? ": keys 1 to 5 work as well" : ""}.`);
  };
  scale.disabled = true;
  const playable = (text) => { play.disabled = false; play.textContent = text; };
  video.addEventListener("play", () => { play.disabled = true; });
  video.addEventListener("pause", () => playable("Play again"));
  video.addEventListener("ratechange", () => {
    if (video.playbackRate !== 1) video.playbackRate = 1;
  });
  video.addEventListener("contextmenu", (event) => event.preventDefault());
  video.addEventListener("error", () => {
    playable("Load again");
    say("The clip cannot be loaded: check your connection and try again.", true);
  });
  video.addEventListener("ended", () => {
    playable("Play again");
    if (secondsPlayed(video) >= ENOUGH * video.duration) unlock();
    else say("Watch the whole clip first: press Play again.");
  });
  const first = state.training
    ? [make("p", "The clips for practice show the range of what comes, and do not count. Watch each "
        + "to its end; then the five buttons open. Use the whole scale, and judge the walker, not "
        + "the place.")]
    : [make("progress", "", {max: state.total, value: state.position - 1, "aria-label": title})];
  const others = [play];
  if (state.can_go_back) others.push(button("Go back one", () => ask("back", token)));
  others.push(button("Stop for now", () => { video.pause(); say(""); pause(); }));
  show(title, [...first, make("div", [video], {class: "screen"})], [scale, row(...others)]);
  if (again) unlock();
  else say("You can rate when the clip ends.");
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    video.play().catch(() => { play.disabled = false; });
  }
}

function device() {  // what may bear on a rating; nothing personal
  const shown = stage.querySelector("video")?.getVideoPlaybackQuality?.();
  return {
    screen_width: Math.round(innerWidth), screen_height: Math.round(innerHeight),
    pixel_ratio: devicePixelRatio, is_touch: !hasKeys,
    frames: shown?.totalVideoFrames, dropped: shown?.droppedVideoFrames,
  };
}

function vote(score) {
  const scale = controls.querySelector("fieldset");
  if (!scale || scale.disabled || busy) return;
  scale.disabled = true;
  for (const node of scale.querySelectorAll("button")) {
    node.setAttribute("aria-pressed", String(Number(node.dataset.score) === score));
  }
  ask("vote", token, state.clip, score, device());
}

function render() {
  if (state.clip === null) thanks();
  else rate();
}

document.addEventListener("keydown", (event) => {
  const other = event.target.closest?.("input, textarea, select, [contenteditable=true]");
  if (other || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (!stage.isConnected || stage.offsetParent === null) return;
  if (/^[1-5]$/.test(event.key)) vote(Number(event.key));
});

token = remembered();
if (token) welcomeBack();
else consent();
