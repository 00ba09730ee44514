// The queue of a review, one finding at a time: shown, decided by a key, and on to the next, which is there already.
"use strict";
import { Many } from "./review_many.js";
import { Outbox } from "./review_outbox.js";
import { Pictures, loadAhead } from "./review_pictures.js";
import { h, words } from "./review_words.js";

const AHEAD = 8;
const KEYS = [
  ["c", "Confirm", "confirmed"], ["f", "False alarm", "false positive"], ["a", "Accept…", ""], ["x", "Correct…", ""],
  ["d", "Don’t know", "unsure"], ["s", "Skip", ""], ["u", "Undo", ""], ["n", "Note", ""], ["j", "Next", ""],
];
const root = document.getElementById("review");
const { dataset, user, csrf } = root.dataset;
const mayDecide = "mayDecide" in root.dataset;
const filters = document.getElementById("filters");
const finding = document.getElementById("finding");
const panel = document.getElementById("words");
const saved = document.getElementById("saved");
const pictures = new Pictures(document.getElementById("pictures"));
// What waits for its turn, the first of it shown; and what was decided here, for a step back.
let waiting = [];
const decided = [];
let progress = null;
let asking = null;
// Grows whenever what waits is asked for anew; an answer to an earlier question is of no use then.
let turn = 0;
let buttons = new Map();
let note = "";

async function ask(what, body, key = "", method = "POST", more = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf, ...more };
  if (key) headers["Idempotency-Key"] = key;
  try {
    const answer = await fetch(`/api/v1/datasets/${dataset}/review${what ? `/${what}` : ""}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { ok: answer.ok, status: answer.status, body: await answer.json() };
  } catch {
    return { ok: false, status: 0, body: { detail: "The service does not answer; try again in a moment." } };
  }
}

function chosen() {
  const told = new FormData(filters);
  const named = { check: told.get("check"), source: told.get("source"), question: told.get("question"), state: told.get("state") || null };
  return { ...named, mine: told.has("mine"), assignee: told.get("assignee") || "", blocking_first: told.has("blocking_first") };
}

const outbox = new Outbox(`kvqa-audit review ${dataset} ${user}`, csrf, {
  tell(state, number) {
    const kept = `${number} decision${number === 1 ? " is" : "s are"} kept in this browser`;
    saved.dataset.state = state;
    saved.textContent = { saved: "Saved", saving: "Saving…", away: `The service does not answer. ${kept} and sent when it is back.`, login: `Log in again in another tab. ${kept}.` }[state];
  },
  kept(one, answer) {
    if (progress && !answer.again) {
      const before = one.state === "disputed" ? "disputed" : "open";
      progress[before] -= 1;
      progress[answer.state] += 1;
    }
    tellProgress();
  },
  refused(one, reason) {
    const line = h("p", { className: "told" }, `A decision was not kept: ${reason}. `);
    const look = h("button", { type: "button" }, "Look at it again");
    look.addEventListener("click", async () => { line.remove(); await bringBack(one.id); });
    line.append(look, " ", h("button", { type: "button", onclick: () => line.remove() }, "Close"));
    document.getElementById("problems").append(line);
  },
});

function tellProgress() {
  if (!progress) return;
  const left = Math.max(0, progress.for_me);
  const total = progress.settled + progress.open + progress.disputed;
  const parts = [`${left.toLocaleString("en")} left for you`, `${progress.settled.toLocaleString("en")} of ${total.toLocaleString("en")} settled`];
  if (progress.disputed) parts.push(`${progress.disputed.toLocaleString("en")} disputed`);
  if (progress.seconds_each && left) {
    const minutes = Math.ceil((progress.seconds_each * left) / 60);
    parts.push(minutes > 90 ? `about ${Math.round(minutes / 60)} hours at your pace` : `about ${minutes} minute${minutes === 1 ? "" : "s"} at your pace`);
  }
  document.getElementById("progress").textContent = parts.join(" · ");
}

// Asks for more before it is needed; one request at a time.
function fillUp() {
  asking ??= (async () => {
    const holding = [...waiting.map((one) => one.id), ...outbox.waiting.map((one) => one.id)].slice(0, 50);
    const asked = turn;
    const answer = await ask("next", { filters: chosen(), holding, limit: AHEAD });
    asking = null;
    if (asked !== turn) {
      fillUp();
      return;
    }
    if (!answer.ok) {
      if (!waiting.length) showEnd(answer.body.detail);
      setTimeout(fillUp, 3000);
      return;
    }
    progress = answer.body.progress;
    progress.for_me -= outbox.waiting.length;
    tellProgress();
    const known = new Set([...waiting.map((one) => one.id), ...outbox.waiting.map((one) => one.id)]);
    const fresh = answer.body.items.filter((one) => !known.has(one.id));
    const wasEmpty = waiting.length === 0;
    waiting.push(...fresh);
    for (const one of fresh) loadAhead(one);
    if (wasEmpty) show();
  })();
}

// What was shown may be settled, or be asked for no more: nothing can be decided until the answer is here.
function lookAnew() {
  turn += 1;
  waiting = [];
  buttons = new Map();
  finding.dataset.item = "";
  pictures.root.hidden = true;
  panel.replaceChildren(h("p", { className: "quiet" }, "Looking…"));
  fillUp();
}

function show() {
  note = "";
  const item = waiting[0];
  finding.dataset.item = item ? item.id : "";
  if (!item) {
    showEnd("");
    return;
  }
  // What was said since it was loaded counts, too.
  const alike = decided.filter((one) => one.sheet.check === item.sheet.check && one.id !== item.id).map((one) => one.words).reverse();
  const { above, below } = words({ ...item, similar: [...alike, ...item.similar.filter((one) => !alike.some((other) => other.about === one.about))].slice(0, 5) });
  const hadFocus = finding.contains(document.activeElement);
  panel.replaceChildren(...above, bar(item), ...below);
  pictures.show(item);
  if (hadFocus) finding.focus({ preventScroll: true });
  if (finding.getBoundingClientRect().top < 0) finding.scrollIntoView({ block: "start" });
}

function showEnd(reason) {
  pictures.root.hidden = true;
  buttons = new Map();
  const isFiltered = Object.values(chosen()).some((value) => value && value !== true);
  panel.replaceChildren(
    h("h2", {}, reason || (isFiltered ? "Nothing like this is left for you" : "Nothing is left for you to decide")),
    h("p", { className: "quiet" }, reason ? "This page asks again by itself." : "What others still decide, or disagree about, is counted above."),
    mayDecide ? h("p", {}, button("u", "Undo")) : "",
    h("p", {}, h("a", { href: `/datasets/${dataset}` }, "Back to the dataset")),
  );
}

function button(key, label) {
  const made = h("button", { type: "button", "data-key": key }, label, " ", h("kbd", {}, key.toUpperCase()));
  made.addEventListener("click", () => press(key));
  buttons.set(key, made);
  return made;
}

function bar(item) {
  buttons = new Map();
  const made = h("div", { className: "decide-bar" });
  if (!mayDecide) {
    made.append(h("p", { className: "quiet" }, "You may look; deciding needs the role of a reviewer. "), button("j", "Next"));
    return made;
  }
  // What is drawn at random was found by no check that could be confirmed.
  const named = item.sheet.check.startsWith("KV500-") ? { c: "Wrong", f: "Right" } : {};
  const keys = h("div", { className: "keys", role: "group", ariaLabel: "Decide" }, KEYS.map(([key, label]) => button(key, named[key] || label)));
  buttons.get("x").disabled = !item.sheet.targets.length;
  buttons.get("u").disabled = !decided.length && !(progress && progress.mine);
  const like = h("button", { type: "button", className: "like" }, "Others like this…");
  like.addEventListener("click", () => many.open({ check: item.sheet.check, question: item.sheet.question || "", answer: item.sheet.answer || "" }));
  keys.append(like);
  made.append(keys, h("div", { id: "ask-more" }));
  return made;
}

function decide(verdict, more = {}) {
  const item = waiting.shift();
  decided.push({ ...item, words: { who: root.dataset.name, at: Date.now(), verdict, reason: more.reason ?? (note || "decided in review"), answer: more.answer ?? null, about: item.about } });
  if (decided.length > 30) decided.shift();
  if (progress) progress.for_me -= 1;
  const reason = more.reason ?? note;
  show();
  outbox.add(item, { ...more, verdict, reason });
  tellProgress();
  if (waiting.length < AHEAD - 2) fillUp();
}

async function bringBack(id) {
  const answer = await fetch(`/api/v1/review/items/${id}`).then((one) => (one.ok ? one.json() : null)).catch(() => null);
  if (!answer) return;
  waiting = [answer, ...waiting.filter((one) => one.id !== id)];
  show();
}

async function undo() {
  const unsent = outbox.takeBack();
  if (unsent !== null) {
    const item = decided.findLast((one) => one.id === unsent);
    decided.splice(decided.indexOf(item), 1);
    if (progress) progress.for_me += 1;
    if (item) waiting.unshift(item);
    show();
    tellProgress();
    return;
  }
  if (outbox.waiting.length) {
    saved.textContent = "The last decision is being sent; undo in a moment.";
    return;
  }
  const answer = await ask("undo");
  if (!answer.ok) {
    saved.textContent = answer.body.detail;
    return;
  }
  decided.pop();
  saved.textContent = answer.body.items.length === 1 ? "Taken back" : `${answer.body.items.length} taken back`;
  await bringBack(answer.body.items[0]);
  fillUp();
}

function form(submit, label, ...fields) {
  const stop = h("button", { type: "button" }, "Cancel ", h("kbd", {}, "Esc"));
  const made = h("form", { className: "ask" }, ...fields, h("button", { className: "main-button" }, label, " ", h("kbd", {}, "Enter")), stop);
  const close = () => { document.getElementById("ask-more").replaceChildren(); };
  stop.addEventListener("click", close);
  made.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  made.addEventListener("submit", (event) => { event.preventDefault(); submit(close); });
  document.getElementById("ask-more").replaceChildren(made);
  made.querySelector("input, select")?.focus();
}

function askToAccept() {
  const reason = h("input", { name: "reason", required: true, maxLength: 2000, autocomplete: "off", value: note });
  const until = h("input", { name: "until", type: "date", min: new Date().toISOString().slice(0, 10) });
  form(() => decide("accepted", { reason: reason.value, until: until.value || null }), "Accept",
    h("label", {}, "Why may it stay as it is? ", reason), h("label", {}, "Until (may be empty) ", until));
}

// What may stand there, as its vocabulary spells it; null where it may not.
function possible(target, text) {
  const answer = text.trim().replace(/\s+/g, " ");
  if (target.is_number) return /^[0-9]+$/.test(answer) ? answer : null;
  if (!target.is_closed) return answer || null;
  const parts = target.separator ? answer.split(target.separator.trim()).map((part) => part.trim()) : [answer];
  const spelt = new Map(target.choices.map((one) => [one.toLowerCase(), one]));
  return parts.every((part) => spelt.has(part.toLowerCase())) ? parts.map((part) => spelt.get(part.toLowerCase())).join(target.separator || "") : null;
}

function askForRight() {
  const { targets } = waiting[0].sheet;
  const which = h("select", { name: "target" }, targets.map((one, n) => new Option(`${targets.some((other) => other.img_id !== one.img_id) ? `${one.img_id}: ` : ""}${one.question} (now: ${one.answer})`, n)));
  const answer = h("input", { name: "answer", required: true, maxLength: 2000, autocomplete: "off" });
  const choices = h("div", { className: "choices", role: "group", ariaLabel: "Answers that may stand there" });
  const wrong = h("p", { className: "wrong", role: "alert" });
  const offer = () => {
    const target = targets[Number(which.value)];
    choices.replaceChildren(...target.choices.filter((one) => one !== target.answer).map((one) => h("button", {
      type: "button",
      onclick: () => { answer.value = target.separator && answer.value ? `${answer.value}${target.separator}${one}` : one; answer.focus(); },
    }, h("bdi", {}, one))));
  };
  which.addEventListener("change", offer);
  offer();
  form(() => {
    const target = Number(which.value);
    const right = possible(targets[target], answer.value);
    if (right === targets[target].answer) wrong.textContent = "This is the stored answer already.";
    else if (right === null) wrong.textContent = `“${answer.value}” is ${targets[target].is_number ? "no whole number" : "not in the vocabulary of this question"}.`;
    else decide("confirmed", { target, answer: right });
  }, "Correct", targets.length > 1 ? h("label", {}, "Which answer? ", which) : "", h("label", {}, targets.length > 1 ? "The right answer " : `The right answer, now “${targets[0].answer}” `, answer), choices, wrong);
  answer.focus();
}

function askForNote() {
  const text = h("input", { name: "note", maxLength: 2000, autocomplete: "off", value: note });
  form((close) => {
    note = text.value;
    close();
    buttons.get("n").setAttribute("aria-pressed", String(Boolean(note)));
  }, "Keep for the decision", h("label", {}, "Note, the reason of your decision ", text));
}

function next() {
  if (waiting.length > 1) waiting.push(waiting.shift());
  show();
}

function skip() {
  const item = waiting.shift();
  fetch(`/api/v1/review/items/${item.id}/skip`, { method: "POST", headers: { "X-CSRF-Token": csrf } }).catch(() => null);
  show();
  if (waiting.length < AHEAD - 2) fillUp();
}

function press(key) {
  const has = buttons.get(key);
  if (!has || has.disabled) return false;
  const verdict = KEYS.find((one) => one[0] === key)[2];
  if (verdict) decide(verdict);
  else ({ a: askToAccept, x: askForRight, s: skip, u: undo, n: askForNote, j: next })[key]();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=range]), select, textarea")) return;
  const key = event.key === "ArrowRight" && event.target.type !== "range" ? "j" : event.key.toLowerCase();
  if (press(key) || pictures.press(event.key)) event.preventDefault();
});

const many = new Many(document.getElementById("many"), ask, lookAnew);
document.getElementById("many-open")?.addEventListener("click", () => many.open(chosen()));

function keepFilters() {
  const told = new URLSearchParams(Object.entries(chosen()).filter(([, value]) => value));
  history.replaceState(null, "", told.size ? `?${told}` : location.pathname);
}

filters.addEventListener("change", () => {
  keepFilters();
  lookAnew();
});

document.getElementById("needed")?.addEventListener("change", async (event) => {
  const answer = await ask("", { needed: Number(event.target.value) }, "", "PUT", { "If-Match": `"${event.target.dataset.version}"` });
  if (answer.ok) event.target.dataset.version = answer.body.version;
  saved.textContent = answer.ok ? "Saved" : answer.body.detail;
});

async function begin() {
  const answer = await ask("", undefined, "", "GET");
  const wanted = new URLSearchParams(location.search);
  for (const [name, found] of Object.entries(answer.ok ? answer.body.choices : {})) {
    for (const { word, waiting: number } of found) filters.elements[name].add(new Option(`${word} (${number})`, word));
  }
  for (const field of filters.elements) {
    if (field.type === "checkbox") field.checked = wanted.has(field.name);
    else if (field.name && wanted.has(field.name)) field.value = wanted.get(field.name);
  }
  document.getElementById("filter-box").open = matchMedia("(min-width: 40.01rem)").matches;
  await outbox.send();
  if (wanted.has("item")) await bringBack(Number(wanted.get("item")));
  fillUp();
}

begin();
