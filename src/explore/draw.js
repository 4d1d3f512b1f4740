// Draws the map: its view, its points and the names on it.
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
  return Math.min(9, base * Math.pow(view.scale / fitScale, 0.25) * (s < placed ? 0.7 + 0.8 * weight(s) : 0.6));
}
// The pixels of a disc: their offsets from the middle, and how much of each is covered, from 0 to 256. Made once for
// each size in half pixels and each of four positions within a pixel. Discs are drawn by hand, because tens of
// thousands of canvas calls take too long for a frame.
function stamp(r, halfX, halfY) {
  const step = Math.max(2, Math.round(r * ratio * 2)), key = step * 4 + halfX * 2 + halfY;
  let found = stamps.get(key);
  if (!found) {
    const xs = [], ys = [], covers = [], size = step / 2, reach = Math.ceil(size) + 1;
    for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) {
      const cover = Math.min(1, size + 0.5 - Math.hypot(x + 0.5 - halfX / 2 - 0.25, y + 0.5 - halfY / 2 - 0.25));
      if (cover > 0) { xs.push(x); ys.push(y); covers.push(Math.round(256 * cover)); }
    }
    found = {xs: Int16Array.from(xs), ys: Int16Array.from(ys), covers: Int16Array.from(covers)};
    stamps.set(key, found);
  }
  return found;
}
const word = hex => { const n = parseInt(hex.slice(1), 16); return (n & 255) << 16 | n & 0xFF00 | n >> 16; };
function blot(x, y, r, colour, alpha) {
  const left = Math.floor(x), top = Math.floor(y), columns = canvas.width, rows = canvas.height;
  const {xs, ys, covers} = stamp(r, x - left < 0.5 ? 0 : 1, y - top < 0.5 ? 0 : 1);
  const redBlue = colour & 0xFF00FF, green = colour & 0xFF00;
  for (let i = 0; i < xs.length; i++) {
    const px = left + xs[i], py = top + ys[i];
    if (px < 0 || py < 0 || px >= columns || py >= rows) continue;
    const at = py * columns + px, under = pixels[at], part = covers[i] * alpha >> 8;
    // Blend two colour channels at a time, each in 16 bits.
    const rb = under & 0xFF00FF, g = under & 0xFF00;
    pixels[at] = 0xFF000000 | rb + (Math.imul(redBlue - rb, part) >> 8) & 0xFF00FF | g + (Math.imul(green - g, part) >> 8) & 0xFF00;
  }
}
// Canvas pixels per CSS pixel: as many as the screen has, but at most 2.
const finest = () => Math.min(devicePixelRatio || 1, 2);
function sharpen(pixelsPerPoint) {
  ratio = pixelsPerPoint;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  image = ctx.createImageData(canvas.width, canvas.height);
  pixels = new Uint32Array(image.data.buffer);
}
// Whether painting every pixel of the screen takes longer than a frame.
let isSlow = false;
function paint() {
  frame = 0;
  // The canvas has not been measured yet, so there is nothing to paint on.
  if (!image) return;
  const start = performance.now();
  pixels.fill(word(shades.page) | 0xFF000000);
  const column = columns[$("colour").value];
  const dim = selected >= 0 ? 0.22 : 1;
  const full = Math.min(0.9, 0.6 + 0.2 * Math.sqrt(view.scale / fitScale));
  const colourWords = colours.map(word), mark = word(shades.mark);
  const middleX = width / 2, middleY = height / 2;
  for (const s of order) {
    const x = (xy[2 * s] - view.x) * view.scale + middleX, y = (view.y - xy[2 * s + 1]) * view.scale + middleY;
    // Also false for a point without a place.
    if (!(x > -10 && y > -10 && x < width + 10 && y < height + 10) || !isShown(s)) continue;
    const isOut = only >= 0 && column && (s >= placed || column.groups[s] !== only);
    // A group without a colour of its own gets one while it is highlighted.
    const colour = only >= palette.length && !isOut ? mark : colourWords[colourOf[s]];
    const alpha = full * (isOut ? 0.08 : linked.has(s) ? 1 : dim);
    blot(x * ratio, y * ratio, radius(s), colour, Math.round(256 * alpha));
  }
  ctx.putImageData(image, 0, 0);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.globalAlpha = 1;
  paintSelection();
  paintNames(column);
  if (ratio === finest()) isSlow = performance.now() - start > 10;
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
// Names the chosen node and its neighbours or, if none is chosen, the most popular items for which there is room.
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
// Draws while the view moves. If painting is slow, the picture is coarser until the view rests.
let rest = 0;
function move() {
  if (isSlow && finest() > 1) {
    if (ratio !== 1) sharpen(1);
    clearTimeout(rest);
    rest = setTimeout(() => { sharpen(finest()); paint(); }, 150);
  }
  draw();
}
const cut = (text, most) => { const all = Array.from(text.slice(0, 4 * most)); return all.length > most ? all.slice(0, most - 1).join("") + "\u2026" : all.join(""); };
