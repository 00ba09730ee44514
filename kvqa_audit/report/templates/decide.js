"use strict";
(() => {
  const data = JSON.parse(document.getElementById("deciding-data").textContent);
  const place = `kvqa-audit decisions: ${data.dataset}`;
  const verdicts = { c: "confirmed", f: "false positive", a: "accepted", x: "fix" };
  const labels = { c: "Confirm", f: "False alarm", a: "Accept…", x: "Correct…", s: "Skip", u: "Undo" };
  const byKey = { c: "confirmed in the report", f: "judged a false alarm in the report" };
  const said = {
    "confirmed": "a defect, to be corrected in the data",
    "false positive": "a false alarm",
    "accepted": "accepted",
  };
  const panel = document.getElementById("deciding");
  const left = document.getElementById("left");
  const verdictBox = document.getElementById("verdict");
  const cards = Array.from(document.querySelectorAll("article.card")).filter((card) => (data.cards[card.id] || { findings: [] }).findings.length);
  let kept = { who: "", decisions: {} };
  let remembered = true;
  let unsaved = false;
  let last = "";

  function load() {
    try {
      const text = localStorage.getItem(place);
      if (text) {
        const read = JSON.parse(text);
        if (read && typeof read.decisions === "object" && read.decisions) kept = { who: String(read.who || ""), decisions: read.decisions };
      }
      // What the audit knows already is no business of this browser any more.
      for (const key of data.waived) delete kept.decisions[key];
      localStorage.setItem(`${place} `, "1");
      localStorage.removeItem(`${place} `);
    } catch {
      remembered = false;
    }
  }

  function keep() {
    try {
      localStorage.setItem(place, JSON.stringify(kept));
    } catch {
      remembered = false;
    }
  }

  const today = () => {
    const now = new Date();
    return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  };
  const plural = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
  const findings = (card) => data.cards[card.id].findings;
  const targetsOf = (card) => data.cards[card.id].targets;
  const decided = (card) => kept.decisions[findings(card)[0].key];
  const waives = (decision) => decision && ["false positive", "accepted"].includes(decision.verdict)
    && !(decision.expires && decision.expires < today());

  function count() {
    // A finding may count for its check and for a limit on several.
    const blocking = new Set();
    for (const { keys, tolerated } of Object.values(data.blocking)) {
      const open = keys.filter((key) => !waives(kept.decisions[key]));
      if (open.length > tolerated) open.forEach((key) => blocking.add(key));
    }
    return { blocking: blocking.size, confirmed: Array.from(blocking).filter((key) => kept.decisions[key]).length };
  }

  function tell() {
    const { blocking, confirmed } = count();
    const mine = Object.keys(kept.decisions).length;
    const some = mine > 0;
    const wouldPass = blocking === 0 && data.otherReasons === 0 && Object.keys(data.blocking).length > 0;
    if (some) {
      left.textContent = `With your decisions: ${plural(blocking, "blocker")} left`
        + (confirmed ? `, ${confirmed.toLocaleString("en")} of them confirmed.` : ".")
        + (wouldPass ? " Save them, and let the gate judge again." : "");
    } else left.textContent = "";
    verdictBox.classList.toggle("would-pass", some && wouldPass);
    save.textContent = `Save decisions.yaml (${mine})`;
    save.disabled = !some;
    forget.hidden = !some;
    note.textContent = remembered
      ? "Decisions stay in this browser until you save them."
      : "This browser keeps nothing for this page: save your decisions before you close it.";
    for (const card of cards) mark(card);
  }

  function mark(card) {
    const decision = decided(card);
    const line = card.querySelector(".decided-line");
    card.classList.toggle("is-decided", Boolean(decision));
    card.querySelector("button[data-key=u]").disabled = !decision;
    for (const button of card.querySelectorAll(".decide button[data-key]")) {
      const verdict = verdicts[button.dataset.key];
      const mine = decision && verdict && (verdict === "fix" ? Boolean(decision.correction) : verdict === decision.verdict && !decision.correction);
      if (verdict) button.setAttribute("aria-pressed", String(Boolean(mine)));
    }
    line.textContent = decision ? `You decided: ${said[decision.verdict]}${Object.values(byKey).includes(decision.reason) ? "" : `, ${decision.reason}`}${decision.expires ? `, until ${decision.expires}` : ""}.` : "";
  }

  function decide(card, verdict, reason, extra) {
    for (const finding of findings(card)) {
      kept.decisions[finding.key] = { ...finding, verdict, reason, when: today(), ...extra };
    }
    last = card.id;
    unsaved = true;
    keep();
    tell();
    next(card, `${said[verdict]}. ${count().blocking} blockers left.`);
  }

  function undo(card) {
    const target = card && decided(card) ? card : document.getElementById(last);
    if (!target || !decided(target)) return;
    for (const finding of findings(target)) delete kept.decisions[finding.key];
    keep();
    tell();
    go(target);
    announce("Undone.");
  }

  function announce(text) {
    live.textContent = text;
  }

  const visible = (card) => !card.hidden && !card.closest("[hidden]");

  function go(card) {
    for (let element = card.parentElement; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
    }
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start" });
  }

  function next(card, words) {
    const from = cards.indexOf(card);
    const order = [...cards.slice(from + 1), ...cards.slice(0, from + 1)];
    const open = order.find((one) => visible(one) && !decided(one));
    announce(open ? words : `${words} Nothing on this page is left to decide.`);
    if (open) go(open);
    else save.focus();
  }

  function step(card, by) {
    const shown = cards.filter(visible);
    const at = shown.indexOf(card) + by;
    if (shown[at]) go(shown[at]);
  }

  function field(label, type, name) {
    const wrap = document.createElement("label");
    const input = document.createElement(type === "select" ? "select" : "input");
    if (type !== "select") input.type = type;
    input.name = name;
    wrap.append(`${label} `, input);
    return [wrap, input];
  }

  function ask(card, key) {
    close(card);
    const form = document.createElement("form");
    form.className = "ask";
    const own = document.createElement("button");
    own.type = "submit";
    own.textContent = key === "a" ? "Accept (Enter)" : "Keep the correction (Enter)";
    const stop = document.createElement("button");
    stop.type = "button";
    stop.textContent = "Cancel (Esc)";
    stop.addEventListener("click", () => { close(card); card.focus(); });
    let first;
    if (key === "a") {
      const [why, reason] = field("Why may it stay as it is?", "text", "reason");
      const [until, expires] = field("Until (may be empty)", "date", "expires");
      reason.required = true;
      expires.min = today();
      first = reason;
      form.append(why, until);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!reason.value.trim()) return;
        close(card);
        decide(card, "accepted", reason.value.trim(), expires.value ? { expires: expires.value } : {});
      });
    } else {
      const targets = targetsOf(card);
      const [which, choice] = field("Which answer?", "select", "which");
      targets.forEach(([image, question, answer], number) => choice.add(new Option(`${targets.some((one) => one[0] !== image) ? `${image}: ` : ""}${question} (now: ${answer})`, number)));
      const [should, answer] = field("The right answer", "text", "answer");
      answer.required = true;
      which.hidden = targets.length < 2;
      first = targets.length > 1 ? choice : answer;
      if (targets.length === 1) should.prepend(`${targets[0][1]} `);
      form.append(which, should);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const right = answer.value.trim();
        if (!right) return;
        const target = targets[Number(choice.value)];
        const correction = { img_id: target[0], question: target[1], old_answer: target[2], answer: right };
        close(card);
        decide(card, "confirmed", `to be corrected to: ${right}`, { correction });
      });
    }
    form.append(own, stop);
    form.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") { close(card); card.focus(); }
    });
    card.querySelector(".decide").append(form);
    first.focus();
  }

  function close(card) {
    const form = card.querySelector("form.ask");
    if (form) form.remove();
  }

  function act(card, key) {
    if (key === "c") decide(card, "confirmed", byKey.c, {});
    else if (key === "f") decide(card, "false positive", byKey.f, {});
    else if (key === "a" || (key === "x" && targetsOf(card).length)) ask(card, key);
    else if (key === "s") next(card, "Skipped.");
    else if (key === "u") undo(card);
    else if (key === "j" || key === "n") step(card, 1);
    else if (key === "k" || key === "p") step(card, -1);
    else if (key === "w") write();
    else return false;
    return true;
  }

  function toolbar(card) {
    const box = card.querySelector(".decide");
    const line = document.createElement("p");
    line.className = "decided-line";
    const bar = document.createElement("div");
    bar.className = "keys";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Decide");
    for (const [key, label] of Object.entries(labels)) {
      if (key === "x" && !targetsOf(card).length) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.key = key;
      button.setAttribute("aria-keyshortcuts", key);
      const hint = document.createElement("kbd");
      hint.textContent = key.toUpperCase();
      hint.setAttribute("aria-hidden", "true");
      button.append(`${label} `, hint);
      button.addEventListener("click", () => act(card, key));
      bar.append(button);
    }
    box.append(bar, line);
    box.hidden = false;
    card.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      if (act(card, event.key.toLowerCase())) event.preventDefault();
    });
  }

  function quoted(text) {
    const inside = Array.from(String(text), (character) => {
      const code = character.codePointAt(0);
      if (character === '"' || character === "\\") return `\\${character}`;
      if (code >= 32 && code < 127) return character;
      return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
    });
    return `"${inside.join("")}"`;
  }

  function flow(value) {
    if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
    if (typeof value === "string") return quoted(value);
    if (typeof value === "number") return String(value).replace(/^(-?\d+)e/, "$1.0e");
    return `{${Object.entries(value).map(([name, one]) => `${name}: ${flow(one)}`).join(", ")}}`;
  }

  function entry(decision) {
    const lines = [`key: ${quoted(decision.key)}`, `check: ${quoted(decision.check)}`, `verdict: ${decision.verdict}`,
      `reason: ${quoted(decision.reason)}`, `who: ${quoted(kept.who)}`, `when: ${decision.when}`];
    if (decision.expires) lines.push(`expires: ${decision.expires}`);
    // Half a character cannot stand in a file; the key alone tells which finding it is.
    const whole = (texts) => texts.length > 0 && texts.every((text) => text && text.isWellFormed());
    for (const name of ["img_id", "question", "answer"]) if (whole([decision[name]])) lines.push(`${name}: ${quoted(decision[name])}`);
    if (decision.correction && whole(Object.values(decision.correction))) {
      lines.push(`correction: ${flow(decision.correction)}`);
    }
    if (whole(decision.related || [])) lines.push(`related: [${decision.related.map(quoted).join(", ")}]`);
    if (decision.evidence && JSON.stringify(decision.evidence).isWellFormed()) lines.push(`evidence: ${flow(decision.evidence)}`);
    return `  - ${lines.join("\n    ")}\n`;
  }

  function download(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    announce(`${name} was saved.`);
  }

  function write() {
    if (!kept.who.trim()) {
      announce("Say who decides first.");
      who.setAttribute("aria-invalid", "true");
      who.focus();
      return;
    }
    unsaved = false;
    const ordered = Object.values(kept.decisions);
    download("decisions.yaml", "application/yaml", `# Decided in the report of ${quoted(data.dataset)}.\nversion: 2\ndecisions:\n${ordered.map(entry).join("")}`);
  }

  function button(label, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", press);
    return made;
  }

  const live = document.createElement("p");
  live.className = "unseen";
  live.setAttribute("role", "status");
  const note = document.createElement("p");
  note.className = "quiet";
  const start = button("Start deciding", () => {
    const open = cards.find((card) => visible(card) && !decided(card)) || cards[0];
    if (open) go(open);
  });
  const save = button("", write);
  const forget = button("Forget all", () => {
    if (!window.confirm("Forget every decision that this browser keeps for this dataset?")) return;
    kept.decisions = {};
    keep();
    tell();
    start.focus();
  });
  const [whoLabel, who] = field("Who decides?", "text", "who");
  const help = document.createElement("p");
  help.className = "quiet key-help";
  const merge = document.createElement("p");
  merge.className = "quiet";

  if (!cards.length) return;
  load();
  who.value = kept.who;
  who.autocomplete = "name";
  who.addEventListener("input", () => { kept.who = who.value; who.removeAttribute("aria-invalid"); keep(); });
  who.addEventListener("keydown", (event) => { if (event.key === "Enter") write(); });
  start.className = "main-button";
  const line = document.createElement("p");
  line.className = "choice";
  line.append(start, whoLabel, save, forget);
  for (const [key, words] of [["C", "confirm"], ["F", "false alarm"], ["A", "accept"], ["X", "correct"], ["S", "skip"], ["U", "undo"], ["J", "next"], ["K", "previous"], ["W", "save"]]) {
    const hint = document.createElement("kbd");
    const pair = document.createElement("span");
    hint.textContent = key;
    pair.append(hint, ` ${words}`);
    help.append(pair, " ");
  }
  const command = document.createElement("code");
  command.textContent = "kvqa-audit review THIS-FOLDER --merge decisions.yaml";
  const fix = document.createElement("code");
  fix.textContent = "kvqa-audit fix DATASET --out COPY";
  merge.append("What you saved becomes part of the dataset's decisions with ", command, "; ", fix, " applies the corrected answers.");
  panel.append(line, help, note, merge, live);
  panel.addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "w") write();
    if (event.key === "u") undo(null);
  });
  panel.hidden = false;
  cards.forEach(toolbar);
  tell();
  window.addEventListener("storage", (event) => { if (event.key === place) { load(); tell(); } });
  window.addEventListener("beforeunload", (event) => {
    if (!remembered && unsaved) event.preventDefault();
  });
})();
