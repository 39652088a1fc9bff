"use strict";
// What a library or a terminal has said is shown as text alone (textContent), never as HTML.
const at = id => document.getElementById(id);
const WORDS = {
  "status": "Status (99)", "patron-info": "Who am I (63)", "checkout": "Borrow (11)", "renew": "Renew (29)",
  "checkin": "Return (09)", "end-session": "Goodbye (35)", "item": "What is it (17)",
};
const KNOWN = {name: "Reader", title: "Title", due: "Due", owed: "Owed"};
let world = {devices: [], libraries: []};
let session = "";
let card = "";
let item = "";
let queue = Promise.resolve();

function make(tag, text, name) {
  const one = document.createElement(tag);
  if (text !== undefined) one.textContent = text;
  if (name) one.className = name;
  return one;
}

async function call(path, said) {
  const options = said ? {method: "POST", headers: {"X-Kiosk": "1"}, body: JSON.stringify(said)} : {};
  let answer, content;
  try {
    answer = await fetch(path, options);
    content = await answer.json();
  } catch {
    throw new Error("the demo does not answer: is it still running?");
  }
  if (!answer.ok) throw new Error(content.error || "refused");
  return content;
}

const device = () => world.devices.find(one => one.name === at("device").value);
const library = () => world.libraries.find(one => one.library === at("library").value);
const scans = kind => at("kind-card").checked ? kind === "card" : kind === "item";

function choose(kind) {
  at("kind-" + kind).checked = true;
}

function show(lines, state) {
  const screen = at("screen");
  screen.className = state;
  screen.replaceChildren(...lines);
}

function failed(error) {
  show([make("p", "✗ " + error.message)], "bad");
}

function shown(name, exchange) {
  const lines = [make("p", (exchange.ok ? "✓ " : "✗ ") + (WORDS[name] || name) + (exchange.ok ? ": done" : ": not done"))];
  if (exchange.known.bin) lines.push(make("p", "Bin " + exchange.known.bin, "bin"));
  for (const [key, word] of Object.entries(KNOWN)) {
    if (exchange.known[key]) lines.push(make("p", word + ": " + exchange.known[key]));
  }
  for (const text of exchange.screen) lines.push(make("p", text));
  if (exchange.loans.length) lines.push(make("p", "On loan: " + exchange.loans.join(", ")));
  if (exchange.receipt.length) lines.push(make("pre", exchange.receipt.join("\n")));
  show(lines, exchange.ok ? "good" : "bad");
}

function side(mark, line) {
  const box = make("div");
  box.append(make("h3", mark + " " + line.heading), make("code", line.line));
  const details = make("details");
  const table = make("table");
  for (const row of line.rows) {
    const tr = make("tr");
    tr.append(...row.map(text => make("td", text)));
    table.append(tr);
  }
  details.append(make("summary", "In words"), table);
  if (line.rows.length) box.append(details);
  return box;
}

function log(exchange) {
  at("none").hidden = true;
  const entry = make("li");
  entry.append(side("→", exchange.sent), ...exchange.events.map(text => make("p", "! " + text)), side("←", exchange.answer));
  entry.append(make("p", exchange.ms + " ms", "soft"));
  at("log").prepend(entry);
  while (at("log").children.length > 40) at("log").lastChild.remove();
}

async function ask(name, values) {
  if (!session) session = (await call("device", {device: at("device").value, library: at("library").value})).session;
  const said = {session, request: name, card, item, pin: at("pin").value, ...values};
  const exchanges = (await call("ask", said)).exchanges;
  exchanges.forEach(log);
  const last = exchanges[exchanges.length - 1];
  shown(name, last);
  if (name === "end-session") forget();
  return last.ok;
}

function forget() {
  card = "";
  at("pin").value = "";
  if (device().requests.includes("patron-info")) choose("card");
}

// One request at a time, in the order of the clicks.
function begin(work) {
  queue = queue.then(work).catch(failed).then(() => at("scan").focus());
  return queue;
}

function scanned(number) {
  if (scans("card")) {
    card = number;
    choose("item");
    return begin(() => ask("patron-info"));
  }
  item = number;
  return begin(() => ask(card && device().requests.includes("checkout") ? "checkout" : "checkin"));
}

async function play() {
  const table = library();
  const values = {card: table.cards[0]?.number || "", pin: table.cards[0]?.pin || "", item: table.items[0]?.number || ""};
  for (const [name] of device().example) await ask(name, values);
}

function button(text, work) {
  const one = make("button", text);
  one.type = "button";
  one.addEventListener("click", work);
  return one;
}

function thing(kind, number, words) {
  return button(number + " " + words, () => {
    choose(kind);
    scanned(number);
  });
}

function changed() {
  const now = device();
  const reads = now.requests.includes("patron-info");
  session = card = item = "";
  at("title").textContent = now.title;
  at("about").textContent = "Profile " + now.profile + ". It speaks SIP2 over TLS to the gateway of this demo.";
  at("of-card").hidden = at("of-pin").hidden = at("cards").hidden = !reads;
  choose(reads ? "card" : "item");
  at("pin").value = "";
  const asked = now.requests.map(name => button(WORDS[name], () => begin(() => ask(name))));
  at("buttons").replaceChildren(...asked, button("Play an example", () => begin(play)));
  at("cards").replaceChildren(...library().cards.map(one => button(one.number + " " + one.name, () => {
    at("pin").value = one.pin;
    choose("card");
    scanned(one.number);
  })));
  at("items").replaceChildren(...library().items.map(one => thing("item", one.number, one.title)));
  show([make("p", reads ? "Scan a card to begin." : "Scan an item to begin.")], "");
}

async function start() {
  world = await call("table");
  at("device").replaceChildren(...world.devices.map(one => new Option(one.title, one.name)));
  at("library").replaceChildren(...world.libraries.map(one => new Option(one.name, one.library)));
  at("device").addEventListener("change", changed);
  at("library").addEventListener("change", changed);
  at("choice").addEventListener("submit", event => event.preventDefault());
  at("scanning").addEventListener("submit", event => {
    event.preventDefault();
    const number = at("scan").value.trim();
    at("scan").value = "";
    if (number) scanned(number);
  });
  changed();
}

start().catch(failed);
