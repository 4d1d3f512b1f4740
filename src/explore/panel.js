// The panel beside the map: search, the chosen node, and lists of neighbours.
function entry(text, number, action, colour) {
  const item = document.createElement("li"), button = document.createElement("button");
  if (colour) {
    // The page's policy forbids style attributes.
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
  const exact = [], starts = [], holds = [];
  let count = 0;
  lower.forEach((id, node) => {
    const at = id.indexOf(text);
    if (at < 0) return;
    count++;
    const list = id === text ? exact : at === 0 ? starts : holds;
    if (list.length < 30) list.push(node);
  });
  const found = [...exact, ...starts, ...holds].slice(0, 30);
  $("found").textContent = count === 0 ? "No id contains this text." : count > found.length ? `${found.length} of ${count} found` : `${count} found`;
  for (const node of found) list.append(entry(ids[node], isUser(node) ? "user" : "item", () => choose(node, true)));
}
const lower = ids.map(id => id.toLowerCase());
function listOf(title, nodes, scores) {
  const head = document.createElement("h3"), list = document.createElement("ol");
  head.textContent = title;
  nodes.forEach((node, i) => list.append(entry(ids[node], scores ? scores[i].toFixed(4) : "", () => choose(node, true))));
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
    const facts = [isUser(node) ? `user with ${counts[node]} items in training` : `item with ${counts[node]} users in training`];
    if (at < 0) facts.push("not on the map");
    if (!isUser(node)) for (const c of columns) if (c.groups[node] !== NONE && node < placed) facts.push(`${c.name}: ${c.names[c.groups[node]]}`);
    $("facts").textContent = facts.join("; ");
    if (at >= 0) {
      const from = listAt(at), to = from + k, nodes = [], scores = [];
      for (let i = from; i < to; i++) if (near[i] !== NONE) { nodes.push(near[i]); scores.push(nearScore[i]); }
      nodes.forEach(n => slot(n) >= 0 && linked.add(slot(n)));
      linked.add(at);
      listOf(isUser(node) ? "Recommended" : "Nearest items", nodes, scores);
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
// Turns the dial of popularity to one of its places.
function turn(place) {
  dial = place;
  $("dial").value = place;
  $("popularity").textContent = dials[place].toFixed(2);
  $("dial").setAttribute("aria-valuetext", dials[place].toFixed(2));
  if (selected >= 0) choose(selected, false);
}
