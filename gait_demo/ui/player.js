// The before/after player. `props.value` is null, or what player.py's `shown` tells: layers, each
// with a name and an address; the settings they were made with; marks and notes about the clip.

const section = element.querySelector(".player");
const find = (selector) => section.querySelector(selector);
const screen = find(".screen");
const halves = {before: find(".before"), after: find(".after")};
const pickers = {before: find("[name=before]"), after: find("[name=after]")};
const divider = find(".divider");
const seek = find("[name=seek]");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const DRIFT_S = 0.06;  // between the two videos, before the second is set right
const NEAR_S = 6e-4;  // marks and joints tell their times to the millisecond
const SETTLED_MS = 500;  // without a further change of a setting, before a new result is asked for

let shown = null;  // the value on the screen
let settings = null;  // what the controls hold now
let wantsToPlay = true;
let speed = 1;
let settling = 0;
let joints = null;  // of old and new walkers, as change.js passes them on

const video = (side) => halves[side].querySelector("video");
const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
const resultShown = () => shown?.settings && [shown.clip, ...shown.settings];
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function make(name, text, attributes = {}) {
  const node = document.createElement(name);
  node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  return node;
}

// --- frames, by the times at which they are shown: phones film at no constant rate ---------------

function frameAt(time) {
  return Math.max(0, shown.times.findLastIndex((t) => t <= time + NEAR_S));
}

function middle(index) {
  return (shown.times[index] + (shown.times[index + 1] ?? shown.duration_s)) / 2;
}

// --- the two videos ---------------------------------------------------------------------------

function loaded(layer, time) {
  const node = make("video", "", {playsinline: "", preload: "auto", "data-layer": layer.id,
    "aria-label": layer.name});
  node.muted = true;
  node.src = layer.url;
  return new Promise((resolve, reject) => {
    node.addEventListener("error", reject, {once: true});
    node.addEventListener("loadeddata", () => {
      if (time <= 0) { resolve(node); return; }
      node.addEventListener("seeked", () => resolve(node), {once: true});
      node.currentTime = Math.min(time, Math.max(0, node.duration - NEAR_S));
    }, {once: true});
  });
}

let loading = 0;
async function load(value, time) {  // what is said of a result changes together with its picture
  const mine = ++loading;
  const chosen = ["before", "after"].map((side) =>
    value.layers.find((layer) => layer.id === pickers[side].value) || value.layers[0]);
  let nodes;
  try {
    nodes = await Promise.all(chosen.map((layer) => loaded(layer, time)));
  } catch {
    section.classList.add("out-of-date");
    say("The result cannot be loaded: reload the page and try again.");
    return;
  }
  if (mine !== loading) return;
  if (shown !== value) {
    shown = value;
    describe();
    compare();
  }
  ["before", "after"].forEach((side, i) => {
    video(side)?.pause();
    halves[side].replaceChildren(nodes[i]);
  });
  if (value.size) find(".drawn").setAttribute("viewBox", `0 0 ${value.size.join(" ")}`);
  screen.style.aspectRatio = `${nodes[1].videoWidth} / ${nodes[1].videoHeight}`;
  seek.max = nodes[1].duration;
  const lead = nodes[1];
  lead.addEventListener("ended", () => { jump(0); if (wantsToPlay) play(); });
  setSpeed(speed);
  tell();
  if (wantsToPlay) play();
  else pause();
}

function play() {
  wantsToPlay = true;
  for (const side of ["before", "after"]) video(side)?.play().catch(() => {});
  find(".play").setAttribute("aria-label", "Pause");
  find(".play").dataset.state = "playing";
}

function pause() {
  wantsToPlay = false;
  for (const side of ["before", "after"]) video(side)?.pause();
  if (video("after")) jump(video("after").currentTime);
  find(".play").setAttribute("aria-label", "Play");
  find(".play").dataset.state = "paused";
}

function jump(time) {
  for (const side of ["before", "after"]) if (video(side)) video(side).currentTime = time;
}

function step(frames) {
  pause();
  const now = video("after");
  if (!now) return;
  const at = frameAt(now.currentTime) + frames;
  jump(middle(Math.min(Math.max(at, 0), shown.times.length - 1)));
}

function setSpeed(rate) {
  speed = rate;
  for (const side of ["before", "after"]) if (video(side)) video(side).playbackRate = rate;
}

function tell() {
  const lead = video("after");
  if (!lead) return;
  draw(lead.currentTime, lead.paused);
  if (shown.kind === "result") {
    document.dispatchEvent(new CustomEvent("gait-time", {detail: lead.currentTime}));
  }
  seek.value = lead.currentTime;
  seek.setAttribute("aria-valuetext", clock(lead.currentTime));
  find(".time").textContent = `${clock(lead.currentTime)} / ${clock(lead.duration || 0)}`;
}

function follow() {
  const [before, after] = [video("before"), video("after")];
  if (before && after && section.isConnected) {
    const apart = Math.abs(before.currentTime - after.currentTime);
    if (!before.seeking && !after.seeking && apart > DRIFT_S) before.currentTime = after.currentTime;
    if (!after.paused) tell();
  }
  requestAnimationFrame(follow);
}

// --- what is drawn over both: who a sentence is about, once the frame is shown ------------------

const svg = (name, attributes, text = "") => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  return node;
};

function skeletons(time) {
  if (!joints || !same(joints.of, resultShown())) return [];
  return joints.people.flatMap((person) => {
    const at = frameAt(time) - frameAt(person.times[0]);
    return ["before", "after"].filter((side) => person[side][at]).map((side) => {
      const points = person[side][at];
      return svg("path", {class: side, d: joints.bones.map(([a, b]) =>
        `M${points[a].join()}L${points[b].join()}`).join("")});
    });
  });
}

function draw(time, isPaused) {
  const drawn = find(".drawn");
  const bones = find(".joints").getAttribute("aria-pressed") === "true" ? skeletons(time) : [];
  const marks = isPaused ? (shown?.marks || []) : [];
  const here = marks.filter((mark) => mark.from <= time && time < mark.to);
  drawn.replaceChildren(...bones, ...here.flatMap(({box: [x0, y0, x1, y1], person, kind}) => {
    const size = shown.size[1] / 18;
    const top = Math.max(y0, 1.2 * size);
    return [
      svg("rect", {x: x0, y: y0, width: x1 - x0, height: y1 - y0, "data-kind": kind}),
      svg("text", {x: Math.max(0, Math.min(x0, shown.size[0] - 5 * size)), y: top - 0.3 * size, "font-size": size}, `Person ${person}`),
    ];
  }));
}

// --- the divider, zoom and full screen --------------------------------------------------------

let share = 50;
function divide(percent) {
  share = Math.min(100, Math.max(0, percent));
  screen.style.setProperty("--at", `${share}%`);
  divider.setAttribute("aria-valuenow", Math.round(share));
  divider.setAttribute("aria-valuetext", `${Math.round(share)} % before`);
}

function at(event) {
  const box = screen.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top].map(
    (v, i) => 100 * v / (i ? box.height : box.width));
}

let centre = [50, 50];
function look(x, y) {
  centre = [x, y].map((v) => Math.min(100, Math.max(0, v)));
  screen.style.setProperty("--centre", `${centre[0]}% ${centre[1]}%`);
}

screen.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target.closest("button, select")) return;
  screen.setPointerCapture(event.pointerId);
  divide(at(event)[0]);
  divider.focus({preventScroll: true});
  event.preventDefault();
});
screen.addEventListener("pointermove", (event) => {
  if (screen.hasPointerCapture(event.pointerId)) divide(at(event)[0]);
  else look(...at(event));
});
divider.addEventListener("keydown", (event) => {
  const moves = {ArrowLeft: -5, ArrowRight: 5, Home: -100, End: 100};
  const looks = {ArrowUp: -10, ArrowDown: 10};
  if (event.key in moves) divide(share + moves[event.key]);
  else if (event.key in looks) look(share, centre[1] + looks[event.key]);
  else return;
  event.preventDefault();
});
find("[name=zoom]").addEventListener("change", (event) => {
  screen.style.setProperty("--zoom", event.target.value);
  if (event.target.value === "1") look(50, 50);
});
find(".full").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else section.requestFullscreen?.();
});

// --- controls ---------------------------------------------------------------------------------

find(".play").addEventListener("click", () => (wantsToPlay ? pause() : play()));
find(".back").addEventListener("click", () => step(-1));
find(".on").addEventListener("click", () => step(1));
find("[name=speed]").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
find(".joints").addEventListener("click", ({currentTarget: button}) => {
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  tell();
});
document.addEventListener("gait-joints", (event) => {
  joints = event.detail;
  find(".joints").hidden = !joints?.people.length;
  tell();
});
document.addEventListener("gait-show", (event) => show(event.detail));
seek.addEventListener("input", () => jump(Number(seek.value)));
section.addEventListener("seeked", tell, true);
for (const side of ["before", "after"]) {
  pickers[side].addEventListener("change", () => {
    load(shown, video("after")?.currentTime || 0);
  });
}

// --- what is said about the result ------------------------------------------------------------

function say(text) { find(".stale p").textContent = text; }

const MOMENT = /(\d+\.\d)(?:-(\d+\.\d))?(?=( s\b|, \d))/g;  // seconds in a sentence
function withMoments(text) {
  const line = make("li", "");
  let done = 0;
  for (const match of text.matchAll(MOMENT)) {
    const mark = shown.marks.find(({from}) => from.toFixed(1) === match[1]);
    line.append(text.slice(done, match.index), make("button", match[0], {
      type: "button", class: "moment", "aria-label": `Show ${match[0]} s`,
      onclick: () => show(mark ? mark.from : Number(match[1])),
    }));
    done = match.index + match[0].length;
  }
  line.append(text.slice(done));
  return line;
}

function show(time) {
  pause();
  jump(middle(frameAt(time)));
  screen.scrollIntoView({block: "nearest", behavior: calm.matches ? "auto" : "smooth"});
}

function describe() {
  document.dispatchEvent(new CustomEvent("gait-result", {detail: resultShown()}));
  section.dataset.kind = shown ? shown.kind : "empty";
  find(".badge").textContent = shown?.badge || "";
  find(".weak").textContent = shown?.weak || "";
  const verdict = find(".verdict");
  verdict.textContent = shown?.verdict?.text || "";
  verdict.dataset.level = shown?.verdict?.level || "";
  find(".notes").replaceChildren(...(shown?.notes || []).map(withMoments));
  find(".marks").replaceChildren(...(shown?.marks || []).map((mark) => {
    const label = `${mark.text}, ${mark.from.toFixed(1)}-${mark.to.toFixed(1)} s`;
    const node = make("button", "", {type: "button", "aria-label": label, title: label,
      "data-kind": mark.kind, onclick: () => show(mark.from)});
    node.style.left = `${100 * mark.from / shown.duration_s}%`;
    node.style.width = `${100 * (mark.to - mark.from) / shown.duration_s}%`;
    return node;
  }));
  find(".files").replaceChildren(...(shown?.files || []).map((file) =>
    make("a", file.label, {href: file.url, download: file.name, title: file.name})));
  find(".link").textContent = "";
  if (shown?.kind !== "result") return;
  const link = new URL(shown.query, location.href).href;
  find(".files").append(make("button", "Copy a link to these settings", {
    type: "button", title: "It never holds the video.",
    onclick: () => navigator.clipboard.writeText(link).then(
      () => { find(".link").textContent = "Copied. The link holds the settings, not the video."; },
      () => { find(".link").textContent = link; }),
  }));
}

// --- Gradio's bar lies over the screen, and screen readers hear what is done, without percents ---

const block = element.closest("#player");
new ResizeObserver(() => {
  block.style.setProperty("--screen-height", `${screen.offsetHeight}px`);
}).observe(screen);
new MutationObserver(() => {
  const told = block.querySelector(".progress-level-inner")?.textContent.trim() || "";
  const stage = told.split(" - ")[0];
  if (find(".stage").textContent !== stage) find(".stage").textContent = stage;
}).observe(block, {subtree: true, childList: true, characterData: true});

// --- settings that the result does not have ---------------------------------------------------

function compare() {
  const stale = shown?.settings && settings && !same(settings, shown.settings);
  section.classList.toggle("out-of-date", Boolean(stale));
  say(stale ? "Out of date: made with other settings." : "");
  clearTimeout(settling);
  const sameClip = stale && same(settings.slice(0, 2), shown.settings.slice(0, 2));
  if (sameClip) settling = setTimeout(() => document.querySelector("#again")?.click(), SETTLED_MS);
}

document.addEventListener("gait-settings", (event) => {
  settings = event.detail;
  compare();
});
find(".update").addEventListener("click", () => document.querySelector("#go")?.click());
document.addEventListener("click", (event) => {  // on a phone the result is out of sight
  if (!event.target.closest?.("#go, #again, #examples, #try")) return;
  const box = screen.getBoundingClientRect();
  if (box.top < 0 || box.top > innerHeight - 100) {
    screen.scrollIntoView({block: "start", behavior: calm.matches ? "auto" : "smooth"});
  }
});

function update() {
  const value = props.value;
  if (!value) {
    loading += 1;
    shown = null;
    for (const side of ["before", "after"]) halves[side].replaceChildren();
    describe();
    compare();
  } else if (value.clip === shown?.clip && video("after")) {
    load(value, video("after").currentTime);
  } else {
    wantsToPlay = !calm.matches;
    for (const side of ["before", "after"]) {
      pickers[side].replaceChildren(...value.layers.map((one) => new Option(one.name, one.id)));
    }
    pickers.before.value = "original";
    pickers.after.value = "colorized";
    load(value, value.begin_s ?? 0);
  }
}

divide(50);
look(50, 50);
watch("value", update);
update();
requestAnimationFrame(follow);
