// Handles pointer and keys, and starts the page.
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
  move();
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
    move();
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
  if (moves[event.key]) { view.x += moves[event.key][0]; view.y += moves[event.key][1]; move(); }
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
$("dial").addEventListener("input", () => turn(Number($("dial").value)));
dark.addEventListener("change", recolour);

document.title = data.title + " - spherec";
$("title").textContent = data.title;
$("method").textContent = data.method;
$("people").hidden = users === 0;
$("turn").hidden = users === 0 || dials.length < 2;
$("dial").max = dials.length - 1;
turn(dial);
[["popularity", -1], ...columns.map((c, i) => [c.name, i])].forEach(([name, value]) => {
  const option = document.createElement("option");
  option.textContent = name;
  option.value = value;
  $("colour").append(option);
});
$("colour").value = data.colour;
new ResizeObserver(() => {
  const isFirst = width === 1;
  [width, height] = [Math.max(canvas.clientWidth, 2), Math.max(canvas.clientHeight, 2)];
  sharpen(finest());
  if (isFirst) fit();
  paint();
}).observe(canvas);
recolour();
