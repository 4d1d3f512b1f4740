"use strict";
// The data of the page, and its colours. All text from the data is inserted as text, never as markup.
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const NONE = 0xFFFFFFFF;
const words = text => {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  return new DataView(bytes.buffer);
};
const u32s = text => { const v = words(text); return Uint32Array.from({length: v.byteLength / 4}, (_, i) => v.getUint32(4 * i, true)); };
const f32s = text => { const v = words(text); return Float32Array.from({length: v.byteLength / 4}, (_, i) => v.getFloat32(4 * i, true)); };
// Node numbers: items on the map come first, then items that are only in lists, then users.
const {ids, placed, items, users, k} = data;
const xy = f32s(data.xy), counts = u32s(data.counts);
const near = u32s(data.near), nearScore = f32s(data.near_score);
// Users have a list for each place of the dial of popularity.
const dials = data.dials;
let dial = data.dial;
const listAt = slot => k * (slot < placed ? slot : slot + dial * users);
const ownEnds = u32s(data.own_ends), own = u32s(data.own);
const columns = data.columns.map(c => ({name: c.name, names: c.names, groups: u32s(c.groups)}));
const isUser = node => node >= items;
// A node's position in arrays that leave out items that are only in lists; -1 for such an item.
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
let view = {x: 0, y: 0, scale: 1}, selected = -1, linked = new Set(), hovered = -1, only = -1, showUsers = false, stamps = new Map(), image = null, pixels = new Uint32Array(0), frame = 0;

const logs = Float32Array.from({length: slotCount}, (_, s) => Math.log(Math.max(1, counts[nodeOf(s)])));
const mostLog = part => part.reduce((most, x) => Math.max(most, x), 1e-6);
const mostItem = mostLog(logs.subarray(0, placed)), mostUser = mostLog(logs.subarray(placed));
const weight = s => s < placed ? logs[s] / mostItem : 0;

// Up to a few dozen groups share the colours of the palette. Of more groups, only the largest get a colour each; the
// others are grey.
const colourOfGroup = (column, group) =>
  group === NONE ? palette.length : column.names.length <= 48 ? group % palette.length : Math.min(group, palette.length);
function recolour() {
  shades = {page: css("--page"), text: css("--text"), faint: css("--faint"), mark: css("--mark"), grey: dark.matches ? "#5A626E" : "#B4BAC4"};
  palette = dark.matches ? DARK : LIGHT;
  const column = columns[$("colour").value];
  const ramp = dark.matches ? VIRIDIS : [...VIRIDIS].reverse();
  colours = column ? [...palette, shades.grey] : [...ramp, shades.grey];
  const grey = colours.length - 1;
  for (let s = 0; s < slotCount; s++) {
    if (s >= placed) colourOf[s] = grey;
    else if (column) colourOf[s] = colourOfGroup(column, column.groups[s]);
    else colourOf[s] = Math.round(logs[s] / mostItem * (ramp.length - 1));
  }
  // Draw grey points first, and popular ones last, so that they are on top.
  order = Array.from({length: slotCount}, (_, s) => s)
    .sort((a, b) => (colourOf[b] === grey) - (colourOf[a] === grey) || weight(a) - weight(b));
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
    const item = entry(column.names[group], sizes.get(group), () => { only = only === group ? -1 : group; legend(column, grey); draw(); }, colours[colourOfGroup(column, group)]);
    item.firstChild.setAttribute("aria-pressed", only === group);
    list.append(item);
  });
  if (sizes.has(NONE)) list.append(entry("without a label", sizes.get(NONE), null, colours[grey]));
}
