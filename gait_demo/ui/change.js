// What changed. `props.value` is null, or the address of what serving/change.py wrote. The joints go
// to the player; the curves follow its time, and a click on them leads there.

const section = element.querySelector(".change");
const find = (selector) => section.querySelector(selector);
const CURVES = {knee: "Left knee, degrees", hip: "Left hip, degrees", trunk: "Trunk, degrees",
  feet: "Step width, % of height"};
const GAP_S = 0.2;  // in which nothing is known: no line leads across
const WIDE = 300;
const TALL = 60;
let loading = 0;
let cursors = [];
let of = null;  // what result the panel is of: its clip and its settings ...
let shown = null;  // ... and which one the player shows

function make(name, text = "", attributes = {}, space = null) {
  const node = space ? document.createElementNS(space, name) : document.createElement(name);
  node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
const svg = (name, attributes, text) => make(name, text, attributes, "http://www.w3.org/2000/svg");

function line(times, values, x, y) {
  let pen = "M";
  return values.map((value, i) => {
    if (i && times[i] - times[i - 1] > GAP_S) pen = "M";
    if (value === null) { pen = "M"; return ""; }
    const part = `${pen}${x(times[i]).toFixed(1)},${y(value).toFixed(1)}`;
    pen = "L";
    return part;
  }).join("");
}

function plot(name, label, walk) {
  const {times} = walk;
  const both = ["before", "after"].map((side) => walk[side].curves[name]);
  const known = both.flat().filter((value) => value !== null);
  if (!known.length) return [];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = Math.max(high - low, 1);
  const [first, last] = [times[0], times[times.length - 1]];
  const x = (t) => WIDE * (t - first) / Math.max(last - first, 1e-3);
  const y = (v) => TALL - 4 - (TALL - 8) * (v - low) / span;
  const figure = make("figure");
  const picture = svg("svg", {viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none",
    role: "img", "aria-label": `${label}, before and after: ${low} to ${high}`});
  const cursor = svg("line", {class: "cursor", y1: 0, y2: TALL, x1: -9, x2: -9});
  picture.append(
    svg("path", {class: "before", d: line(times, both[0], x, y)}),
    svg("path", {class: "after", d: line(times, both[1], x, y)}), cursor);
  cursors.push((t) => { for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(t)); });
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const time = first + (last - first) * (event.clientX - box.left) / box.width;
    document.dispatchEvent(new CustomEvent("gait-show", {detail: time}));
  });
  const range = `${Math.round(low)} to ${Math.round(high)}`;
  figure.append(make("figcaption", `${label}: ${range}`), picture);
  return [figure];
}

const percent = (share) => `${Math.round(100 * share)}\u00a0%`;  // on one line

function said({cadence, stride, asymmetry}) {
  const parts = [];
  if (cadence !== null) parts.push(`${Math.round(cadence)} steps a minute`);
  if (stride !== null) parts.push(`a stride of ${percent(stride)} of the height`);
  if (asymmetry !== null) parts.push(`knees that differ by ${percent(asymmetry)}`);
  return parts.join(", ");
}

function energy(walk) {
  return ["before", "after"].filter((side) => walk[side].gei).map((side) => {
    const figure = make("figure");
    figure.append(make("img", "", {src: walk[side].gei, width: 96, height: 96,
      alt: `Gait energy image ${side}: the mean of all silhouettes`}),
      make("figcaption", side === "before" ? "Before" : "After"));
    return figure;
  });
}

function gauges(ranks, strangers) {
  const last = strangers + 1;
  return ranks.map(({recogniser, before, after}) => {
    const text = `${recogniser}: rank ${Math.round(before)} before, ${Math.round(after)} after, `
      + `of ${last}`;
    const row = make("div", "", {class: "row"});
    const scale = make("div", "", {class: "scale", role: "img", "aria-label": text});
    for (const [side, rank] of [["guess", (last + 1) / 2], ["before", before], ["after", after]]) {
      const dot = make("i", "", {class: side});
      dot.style.left = `${100 * (rank - 1) / strangers}%`;
      scale.append(dot);
    }
    row.append(make("span", text), scale);
    return row;
  });
}

function show(told) {
  const walk = told?.walk;
  cursors = [];
  section.dataset.kind = told ? (walk ? "walk" : "nobody") : "empty";
  const hasCurves = walk?.before.curves && walk.after.curves;
  find(".words").textContent = !told ? "What changed is shown here shortly after the result."
    : !walk ? "Nobody got another gait: there is nothing to compare."
    : hasCurves ? `Person ${walk.person}, before: ${said(walk.before)}. `
      + `After: ${said(walk.after)}.`
    : `Person ${walk.person}: no joints are known.`;
  find(".plots").replaceChildren(...(hasCurves
    ? Object.entries(CURVES).flatMap(([name, label]) => plot(name, label, walk)) : []));
  find(".geis").replaceChildren(...(walk ? energy(walk) : []));
  find(".gauge").replaceChildren(...(told?.ranks.length ? [
    make("b", `Rank among ${told.strangers} strangers`),
    ...gauges(told.ranks, told.strangers),
    make("span", "1: recognised · line: guessing", {class: "key"}),
  ] : []));
  find(".small").textContent = walk ? "Dashed: before. Solid: after. As seen in the picture; from "
    + "the front, angles and strides look smaller. Click a curve to go there." : "";
}

function compare() {
  const isFormer = Boolean(of && shown) && JSON.stringify(of) !== JSON.stringify(shown);
  section.classList.toggle("out-of-date", isFormer);
  find(".former").textContent = isFormer
    ? "This is of the previous result. The new one is being compared." : "";
}

async function update() {
  const value = props.value;
  const mine = ++loading;
  let told = null;
  try {
    told = value ? await (await fetch(value.url)).json() : null;
  } catch { /* the panel stays empty */ }
  if (mine !== loading) return;
  of = told && value.of;
  show(told);
  compare();
  document.dispatchEvent(new CustomEvent("gait-joints", {
    detail: told && {of, people: told.people, bones: told.bones},
  }));
}

document.addEventListener("gait-time", (event) => {
  for (const move of cursors) move(event.detail);
});
document.addEventListener("gait-result", (event) => {
  shown = event.detail;
  compare();
});
watch("value", update);
update();
