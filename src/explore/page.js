"use strict";
// Everything that comes from the data is set as text, never as markup.
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const NONE = 0xFFFFFFFF;
const words = text => {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  return new DataView(bytes.buffer);
};
const u32s = text => { const v = words(text); return Uint32Array.from({length: v.byteLength / 4}, (_, i) => v.getUint32(4 * i, true)); };
const f32s = text => { const v = words(text); return Float32Array.from({length: v.byteLength / 4}, (_, i) => v.getFloat32(4 * i, true)); };
// Nodes: items on the map, then items that are only listed, then users.
const {ids, placed, items, users, k} = data;
const xy = f32s(data.xy), counts = u32s(data.counts);
const near = u32s(data.near), nearSimilarity = f32s(data.near_similarity);
const ownEnds = u32s(data.own_ends), own = u32s(data.own);
const columns = data.columns.map(c => ({name: c.name, names: c.names, groups: u32s(c.groups)}));
const isUser = node => node >= items;
// The place of a node's numbers in arrays that leave out what is only listed; -1 for those.
const slot = node => node < placed ? node : isUser(node) ? node - items + placed : -1;
const nodeOf = slot => slot < placed ? slot : slot - placed + items;
const slotCount = placed + users;

const LIGHT = ["#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499"];
const DARK = ["#EE8866", "#77AADD", "#EEDD88", "#44BB99", "#FFAABB", "#99DDFF", "#AAAA00", "#BBCC33", "#DDDDDD"];
const VIRIDIS = ["#482475", "#414487", "#355F8D", "#2A788E", "#21918C", "#22A884", "#44BF70", "#7AD151", "#BDDF26"];
const dark = matchMedia("(prefers-color-scheme: dark)");
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const canvas = $("map"), ctx = canvas.getContext("2d", {alpha: false});
let ratio = 1, width = 1, height = 1, shades = {}, palette = LIGHT, colours = [], colourOf = new Uint8Array(slotCount), order = [];
let view = {x: 0, y: 0, scale: 1}, selected = -1, linked = new Set(), hovered = -1, only = -1, showUsers = false, sprites = new Map(), frame = 0;

const logs = Float32Array.from({length: slotCount}, (_, s) => Math.log(Math.max(1, counts[nodeOf(s)])));
const mostLog = part => part.reduce((most, x) => Math.max(most, x), 1e-6);
const mostItem = mostLog(logs.subarray(0, placed)), mostUser = mostLog(logs.subarray(placed));
const weight = s => s < placed ? logs[s] / mostItem : 0;

// ---- Colours
function recolour() {
  shades = {page: css("--page"), text: css("--text"), faint: css("--faint"), mark: css("--mark"), grey: dark.matches ? "#5A626E" : "#B4BAC4"};
  palette = dark.matches ? DARK : LIGHT;
  const column = columns[$("colour").value];
  const ramp = dark.matches ? VIRIDIS : [...VIRIDIS].reverse();
  colours = column ? [...palette, shades.grey] : [...ramp, shades.grey];
  const grey = colours.length - 1;
  for (let s = 0; s < slotCount; s++) {
    if (s >= placed) colourOf[s] = grey;
    else if (column) colourOf[s] = column.groups[s] < grey ? column.groups[s] : grey;
    else colourOf[s] = Math.round(logs[s] / mostItem * (ramp.length - 1));
  }
  // Grey first, the popular last and so on top.
  order = Array.from({length: slotCount}, (_, s) => s)
    .sort((a, b) => (colourOf[b] === grey) - (colourOf[a] === grey) || weight(a) - weight(b));
  sprites.clear();
  legend(column, grey);
  draw();
}
function legend(column, grey) {
  const list = $("legend");
  list.replaceChildren();
  if (!column) {
    const most = Math.round(Math.exp(mostItem));
    for (const [share, text] of [[1, most], [0.5, Math.round(Math.sqrt(most))], [0, 1]])
      list.append(entry(`${text} ${text === 1 ? "user has" : "users have"} it`, "", null, colours[Math.round(share * (grey - 1))]));
    return;
  }
  const sizes = new Map();
  for (let s = 0; s < placed; s++) sizes.set(column.groups[s], (sizes.get(column.groups[s]) || 0) + 1);
  [...column.names.keys()].slice(0, 60).forEach(group => {
    if (!sizes.has(group)) return;
    const item = entry(column.names[group], sizes.get(group), () => { only = only === group ? -1 : group; legend(column, grey); draw(); }, colours[Math.min(group, grey)]);
    item.firstChild.setAttribute("aria-pressed", only === group);
    list.append(item);
  });
  if (sizes.has(NONE)) list.append(entry("without a label", sizes.get(NONE), null, colours[grey]));
}

// ---- Drawing
const toScreen = s => [(xy[2 * s] - view.x) * view.scale + width / 2, (view.y - xy[2 * s + 1]) * view.scale + height / 2];
const isShown = s => (s < placed || showUsers || nodeOf(s) === selected || linked.has(s)) && !Number.isNaN(xy[2 * s]);
let fitScale = 1;
function fit() {
  let low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (let s = 0; s < (showUsers ? slotCount : placed); s++) for (const a of [0, 1]) {
    low[a] = Math.min(low[a], xy[2 * s + a]);
    high[a] = Math.max(high[a], xy[2 * s + a]);
  }
  const span = [0, 1].map(a => Math.max(high[a] - low[a], 1e-6));
  fitScale = Math.min((width - 60) / span[0], (height - 60) / span[1]);
  view = {x: (low[0] + high[0]) / 2 || 0, y: (low[1] + high[1]) / 2 || 0, scale: fitScale > 0 && isFinite(fitScale) ? fitScale : 1};
}
function radius(s) {
  const base = Math.min(4.5, Math.max(1.7, 0.24 * Math.min(width, height) / Math.sqrt(Math.max(placed, 1))));
  return Math.min(9, base * Math.sqrt(Math.sqrt(view.scale / fitScale)) * (s < placed ? 0.7 + 0.8 * weight(s) : 0.6));
}
// A disc drawn once for each colour and size.
function sprite(colour, r) {
  const step = Math.max(1, Math.round(r * ratio * 2));
  const key = colour + ":" + step;
  let image = sprites.get(key);
  if (!image) {
    image = document.createElement("canvas");
    image.width = image.height = step + 4;
    const c = image.getContext("2d");
    c.fillStyle = colour;
    c.beginPath();
    c.arc(step / 2 + 2, step / 2 + 2, step / 2, 0, 2 * Math.PI);
    c.fill();
    sprites.set(key, image);
  }
  return image;
}
function paint() {
  frame = 0;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.globalAlpha = 1;
  ctx.fillStyle = shades.page;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  const column = columns[$("colour").value];
  const dim = selected >= 0 ? 0.22 : 1;
  const full = Math.min(0.9, 0.6 + 0.2 * Math.sqrt(view.scale / fitScale));
  for (const s of order) {
    if (!isShown(s)) continue;
    const [x, y] = toScreen(s);
    if (x < -10 || y < -10 || x > width + 10 || y > height + 10) continue;
    const isOut = only >= 0 && column && (s >= placed || column.groups[s] !== only);
    // A group without a colour of its own has one while it is looked at.
    const colour = only >= palette.length && !isOut ? shades.mark : colours[colourOf[s]];
    ctx.globalAlpha = full * (isOut ? 0.08 : linked.has(s) ? 1 : dim);
    const image = sprite(colour, radius(s));
    ctx.drawImage(image, x * ratio - image.width / 2, y * ratio - image.height / 2);
  }
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.globalAlpha = 1;
  paintSelection();
  paintNames(column);
}
function paintSelection() {
  const at = selected < 0 ? -1 : slot(selected);
  if (at < 0) return;
  const [x, y] = toScreen(at);
  ctx.strokeStyle = shades.mark;
  for (const s of linked) {
    if (s === at) continue;
    const [nx, ny] = toScreen(s);
    ctx.globalAlpha = 0.45;
    ctx.lineWidth = 1;
    ctx.beginPath(); ctx.moveTo(x, y); ctx.lineTo(nx, ny); ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath(); ctx.arc(nx, ny, radius(s) + 1.5, 0, 2 * Math.PI); ctx.stroke();
  }
  ctx.lineWidth = 2.5;
  ctx.beginPath(); ctx.arc(x, y, radius(at) + 4, 0, 2 * Math.PI); ctx.stroke();
}
// The chosen first, then the most popular, as far as there is room.
const byCount = Array.from({length: placed}, (_, s) => s);
function paintNames(column) {
  ctx.font = "12px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = shades.page;
  const taken = [];
  const name = s => {
    const [x, y] = toScreen(s);
    if (x < 0 || y < 0 || x > width || y > height) return false;
    const text = cut(ids[nodeOf(s)], 28);
    const left = x + radius(s) + 5, area = [left, y - 8, left + ctx.measureText(text).width, y + 8];
    if (taken.some(o => area[0] < o[2] && o[0] < area[2] && area[1] < o[3] && o[1] < area[3])) return false;
    taken.push(area);
    ctx.globalAlpha = 0.85;
    ctx.strokeText(text, left, y);
    ctx.globalAlpha = 1;
    ctx.fillStyle = shades.text;
    ctx.fillText(text, left, y);
    return true;
  };
  if (selected >= 0) {
    if (slot(selected) >= 0) name(slot(selected));
    for (const s of linked) name(s);
    return;
  }
  const room = 12 + Math.min(28, 6 * Math.log2(Math.max(1, view.scale / fitScale)));
  let tries = 400;
  for (const s of byCount) {
    if (taken.length >= room || tries <= 0) break;
    if (only >= 0 && column && column.groups[s] !== only) continue;
    const [x, y] = toScreen(s);
    if (x < 0 || y < 0 || x > width || y > height) continue;
    tries--;
    name(s);
  }
}
const draw = () => { frame = frame || requestAnimationFrame(paint); };
const cut = (text, most) => { const all = Array.from(text.slice(0, 4 * most)); return all.length > most ? all.slice(0, most - 1).join("") + "\u2026" : all.join(""); };

// ---- Lists
function entry(text, number, action, colour) {
  const item = document.createElement("li"), button = document.createElement("button");
  if (colour) {
    // Not a style attribute, which the page's policy forbids.
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "svg"), disc = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    dot.setAttribute("class", "dot");
    dot.setAttribute("viewBox", "0 0 10 10");
    for (const [key, value] of [["cx", 5], ["cy", 5], ["r", 5], ["fill", colour]]) disc.setAttribute(key, value);
    dot.append(disc);
    button.append(dot);
  }
  const id = document.createElement("span"), value = document.createElement("span");
  id.className = "id"; id.textContent = text; id.title = text;
  value.className = "number"; value.textContent = number;
  button.append(id, value);
  if (action) button.addEventListener("click", action); else button.disabled = true;
  item.append(button);
  return item;
}
function search() {
  const text = $("search").value.toLowerCase(), list = $("results");
  list.replaceChildren();
  $("found").textContent = "";
  if (!text) return;
  const starts = [], holds = [];
  let count = 0;
  ids.forEach((id, node) => {
    const at = lower[node].indexOf(text);
    if (at < 0) return;
    count++;
    if (starts.length < 30 && at === 0) starts.push(node);
    else if (holds.length < 30) holds.push(node);
  });
  const exact = node => lower[node] === text ? 0 : 1;
  const found = [...starts.sort((a, b) => exact(a) - exact(b)), ...holds].slice(0, 30);
  $("found").textContent = count === 0 ? "Nothing has that in its id." : count > found.length ? `${found.length} of ${count} found` : `${count} found`;
  for (const node of found) list.append(entry(ids[node], isUser(node) ? "user" : "item", () => choose(node, true)));
}
const lower = ids.map(id => id.toLowerCase());
function listOf(title, nodes, similarity) {
  const head = document.createElement("h3"), list = document.createElement("ol");
  head.textContent = title;
  nodes.forEach((node, i) => list.append(entry(ids[node], similarity ? similarity[i].toFixed(4) : "", () => choose(node, true))));
  $("lists").append(head, list);
}
function choose(node, move) {
  selected = node;
  linked = new Set();
  $("lists").replaceChildren();
  $("details").hidden = node < 0;
  if (node >= 0) {
    const at = slot(node);
    $("name").textContent = ids[node];
    const facts = [isUser(node) ? `user with ${counts[node]} items in training` : `item of ${counts[node]} users in training`];
    if (at < 0) facts.push("not on the map");
    if (!isUser(node)) for (const c of columns) if (c.groups[node] !== NONE && node < placed) facts.push(`${c.name}: ${c.names[c.groups[node]]}`);
    $("facts").textContent = facts.join("; ");
    if (at >= 0) {
      const from = at * k, to = from + k, nodes = [], similarity = [];
      for (let i = from; i < to; i++) if (near[i] !== NONE) { nodes.push(near[i]); similarity.push(nearSimilarity[i]); }
      nodes.forEach(n => slot(n) >= 0 && linked.add(slot(n)));
      linked.add(at);
      listOf(isUser(node) ? "Recommended" : "Nearest items", nodes, similarity);
    }
    if (isUser(node)) {
      const u = node - items;
      listOf("Has in training", [...own.subarray(u ? ownEnds[u - 1] : 0, ownEnds[u])]);
    }
    if (move && at >= 0) {
      view.scale = Math.max(view.scale, 3 * fitScale);
      [view.x, view.y] = [xy[2 * at], xy[2 * at + 1]];
    }
  }
  draw();
}

// ---- Pointer and keys
function nodeAt(x, y) {
  let best = -1, least = 12 * 12;
  for (let s = 0; s < slotCount; s++) {
    if (!isShown(s)) continue;
    const [px, py] = toScreen(s), d = (px - x) ** 2 + (py - y) ** 2;
    if (d < least) { least = d; best = s; }
  }
  return best;
}
function zoom(factor, x = width / 2, y = height / 2) {
  const next = Math.min(400 * fitScale, Math.max(0.5 * fitScale, view.scale * factor));
  view.x += (x - width / 2) * (1 / view.scale - 1 / next);
  view.y -= (y - height / 2) * (1 / view.scale - 1 / next);
  view.scale = next;
  draw();
}
const pointers = new Map();
let travelled = 0;
const place = event => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, place(event));
  travelled = 0;
  canvas.classList.add("moving");
});
canvas.addEventListener("pointermove", event => {
  const to = place(event), from = pointers.get(event.pointerId);
  if (!from) return hover(to);
  travelled += Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
    const gap = p => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
    zoom(gap(to) / gap(from), other[0], other[1]);
  } else if (travelled > 4) {
    view.x -= (to[0] - from[0]) / view.scale;
    view.y += (to[1] - from[1]) / view.scale;
    draw();
  }
  pointers.set(event.pointerId, to);
});
const release = event => {
  const from = pointers.get(event.pointerId);
  pointers.delete(event.pointerId);
  canvas.classList.remove("moving");
  if (event.type === "pointerup" && from && travelled <= 4) {
    const s = nodeAt(...place(event));
    choose(s < 0 ? -1 : nodeOf(s), false);
  }
};
canvas.addEventListener("pointerup", release);
canvas.addEventListener("pointercancel", release);
canvas.addEventListener("pointerleave", () => hover(null));
function hover(at) {
  const s = at ? nodeAt(...at) : -1, tip = $("tip");
  tip.hidden = s < 0;
  if (s < 0) return;
  tip.textContent = (isUser(nodeOf(s)) ? "user " : "") + ids[nodeOf(s)];
  const [x, y] = toScreen(s);
  tip.style.left = Math.min(x + 12, width - 150) + "px";
  tip.style.top = y + 12 + "px";
}
canvas.addEventListener("wheel", event => { event.preventDefault(); zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), ...place(event)); }, {passive: false});
canvas.addEventListener("keydown", event => {
  const step = 60 / view.scale, moves = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step]};
  if (moves[event.key]) { view.x += moves[event.key][0]; view.y += moves[event.key][1]; draw(); }
  else if (event.key === "+" || event.key === "=") zoom(1.4);
  else if (event.key === "-") zoom(1 / 1.4);
  else if (event.key === "Escape") choose(-1);
  else return;
  event.preventDefault();
});
$("in").addEventListener("click", () => zoom(1.6));
$("out").addEventListener("click", () => zoom(1 / 1.6));
$("all").addEventListener("click", () => { fit(); draw(); });
$("close").addEventListener("click", () => choose(-1));
$("search").addEventListener("input", search);
$("search").addEventListener("keydown", event => { if (event.key === "Enter" && $("results").firstChild) $("results").firstChild.firstChild.click(); });
$("colour").addEventListener("change", () => { only = -1; recolour(); });
$("users").addEventListener("change", () => { showUsers = $("users").checked; draw(); });
dark.addEventListener("change", recolour);

// ---- Start
document.title = data.title + " - spherec";
$("title").textContent = data.title;
$("method").textContent = data.method;
$("people").hidden = users === 0;
[["popularity", -1], ...columns.map((c, i) => [c.name, i])].forEach(([name, value]) => {
  const option = document.createElement("option");
  option.textContent = name;
  option.value = value;
  $("colour").append(option);
});
$("colour").value = data.colour;
new ResizeObserver(() => {
  const isFirst = width === 1;
  ratio = Math.min(devicePixelRatio || 1, 2);
  [width, height] = [Math.max(canvas.clientWidth, 2), Math.max(canvas.clientHeight, 2)];
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (isFirst) fit();
  paint();
}).observe(canvas);
recolour();
})();
