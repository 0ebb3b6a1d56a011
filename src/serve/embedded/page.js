// Texts of others reach the document by textContent alone.
const element = (id) => document.getElementById(id);
const state = { history: [], titles: new Map(), asked: 0, models: [] };
let timer = 0;

const key = element("key");
key.value = sessionStorage.getItem("key") ?? "";
key.addEventListener("change", () => {
  sessionStorage.setItem("key", key.value);
  start();
});

function headers(body) {
  const all = {};
  if (body) all["Content-Type"] = "application/json";
  if (key.value) all.Authorization = `Bearer ${key.value}`;
  return all;
}

async function ask(path, body) {
  const options = { headers: headers(body) };
  if (body) {
    options.method = "POST";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error([answer.title, answer.detail].filter(Boolean).join(": "));
  return answer;
}

function node(name, text, properties = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, properties);
}

const idText = (id) => (typeof id === "string" ? id : JSON.stringify(id));
const nameOf = (id) => state.titles.get(idText(id)) || idText(id);
function remember(items) {
  for (const each of items) if (each.title) state.titles.set(idText(each.item), each.title);
}

async function search() {
  const text = element("search").value;
  try {
    const answer = await ask(`/v1/items?limit=15&search=${encodeURIComponent(text)}`);
    if (text !== element("search").value) return;
    remember(answer.items);
    element("found").replaceChildren(...answer.items.map((each) => {
      const button = node("button", nameOf(each.item), { type: "button" });
      button.addEventListener("click", () => change([...state.history, each.item]));
      const line = node("li");
      line.append(button);
      return line;
    }));
  } catch (error) {
    element("status").textContent = error.message;
  }
}

function moved(from, to) {
  const history = [...state.history];
  history.splice(to, 0, ...history.splice(from, 1));
  return history;
}

function chip(id, place) {
  const line = node("li", undefined, { draggable: true });
  line.append(node("span", nameOf(id)));
  const tools = [
    ["\u2190", "earlier", place > 0, () => moved(place, place - 1)],
    ["\u2192", "later", place + 1 < state.history.length, () => moved(place, place + 1)],
    ["\u00d7", "remove", true, () => state.history.filter((_, i) => i !== place)],
  ];
  for (const [sign, word, shown, next] of tools) {
    if (!shown) continue;
    const button = node("button", sign, { type: "button", title: word });
    button.setAttribute("aria-label", `${word}: ${nameOf(id)}`);
    button.addEventListener("click", () => change(next()));
    line.append(button);
  }
  line.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/plain", String(place));
    line.classList.add("dragged");
  });
  line.addEventListener("dragend", () => line.classList.remove("dragged"));
  line.addEventListener("dragover", (event) => event.preventDefault());
  line.addEventListener("drop", (event) => {
    event.preventDefault();
    const from = Number(event.dataTransfer.getData("text/plain"));
    if (Number.isInteger(from) && from in state.history) change(moved(from, place));
  });
  return line;
}

function change(history) {
  state.history = history;
  element("history").replaceChildren(...history.map(chip));
  element("hint").hidden = history.length > 0;
  clearTimeout(timer);
  timer = setTimeout(recommend, 150);
}

function body(model) {
  const request = { history: state.history, k: Number(element("count").value) || 10 };
  if (element("seen").checked) request.exclude_seen = false;
  if (element("why").checked) request.explain = "leave-one-out";
  if (state.probabilities && !element("seen").checked) request.probabilities = true;
  if (model) request.model = model;
  return request;
}

function entry(each, most) {
  const line = node("li");
  line.append(node("span", String(each.rank), { className: "rank" }), node("span", each.title || idText(each.item)));
  const share = each.probability ?? 0;
  if (most > 0) {
    const bar = node("div", undefined, { className: "bar", title: share.toPrecision(3) });
    bar.style.width = `${(100 * share) / most}%`;
    line.append(bar);
  }
  if (each.explanation?.length) {
    const reasons = each.explanation.map((reason) => `${nameOf(reason.item)} ${reason.effect.toFixed(2)}`);
    line.append(node("div", `because of ${reasons.join(", ")}`, { className: "quiet" }));
  }
  return line;
}

function show(list, answer) {
  const most = Math.max(0, ...answer.items.map((each) => each.probability ?? 0));
  list.replaceChildren(...answer.items.map((each) => entry(each, most)));
}

async function recommend() {
  const number = ++state.asked;
  const second = element("second").value;
  const request = body();
  const auth = key.value ? " -H 'Authorization: Bearer KEY'" : "";
  element("curl").textContent = `curl ${location.origin}/v1/recommend${auth} -H 'Content-Type: application/json' -d '${JSON.stringify(request).replaceAll("'", "'\\''")}'`;
  try {
    const answers = await Promise.all([ask("/v1/recommend", request), second ? ask("/v1/recommend", body(second)) : undefined]);
    if (number !== state.asked) return;
    remember(answers[0].items);
    show(element("list"), answers[0]);
    element("other").hidden = !answers[1];
    if (answers[1]) show(element("other"), answers[1]);
    const words = { popularity: "No known item in the history: the most popular items.", none: "Choose an item that the model knows." };
    element("status").textContent = words[answers[0].method] ?? `${answers[0].model.name}@${answers[0].model.version}`;
  } catch (error) {
    if (number === state.asked) element("status").textContent = error.message;
  }
}

async function start() {
  try {
    const answer = await ask("/v1/models");
    state.models = answer.models;
    state.probabilities = answer.models.every((each) => each.calibrated && each.exclude_seen);
    element("model").textContent = answer.models.map((each) => `${each.name}: ${each.encoder}, ${each.items} items`).join(" \u00b7 ");
    element("second").replaceChildren(node("option", "nothing", { value: "" }), ...answer.models.map((each) => node("option", each.name)));
    element("second-label").hidden = answer.models.length < 2;
  } catch (error) {
    element("status").textContent = error.message;
  }
  search();
  recommend();
}

let typing = 0;
element("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(search, 150);
});
for (const id of ["count", "seen", "why", "second"]) element(id).addEventListener("change", () => change(state.history));
element("clear").addEventListener("click", () => change([]));
element("copy").addEventListener("click", () => navigator.clipboard?.writeText(element("curl").textContent));
start();
