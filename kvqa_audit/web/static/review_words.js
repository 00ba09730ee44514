// The sheet of a finding comes in; what is said about it goes out: what differs first, all else below.
"use strict";

export function h(name, about = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const data = (text) => h("bdi", {}, text);
const percent = (share) => (share === null || share === undefined ? "" : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const said = { "confirmed": "a defect", "false positive": "a false alarm", "accepted": "accepted", "unsure": "does not know" };

const scrolling = (label, table) => h("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: label }, table);

function differing(sheet) {
  if (!sheet.differs.length) return null;
  const head = h("tr", {}, h("th", { scope: "col" }, "answers that differ"), sheet.pictures.map((one) => h("th", { scope: "col" }, h("code", {}, data(one.id)))));
  const rows = sheet.differs.map((one) => {
    const name = h("th", { scope: "row" }, data(one.question));
    if (!one.answers.some(Boolean)) return h("tr", {}, name, h("td", { colSpan: sheet.pictures.length }, data(one.message)));
    return h("tr", {}, name, one.answers.map((answer, n) => h("td", { "className": "differs", "data-of": sheet.pictures[n]?.id ?? "" }, data(answer || "–"))));
  });
  return scrolling("Answers that differ", h("table", { className: "differing" }, h("thead", {}, head), h("tbody", {}, rows)));
}

function odds(what, answer, share) {
  const bar = h("span");
  bar.style.width = `${100 * share}%`;
  return h("div", { className: what }, h("dt", {}, what), h("dd", {}, h("b", {}, data(answer || "another, rarer answer")), h("span", { className: "odds" }, h("span", { "className": "track", "aria-hidden": "true" }, bar), h("span", { className: "num" }, percent(share)))));
}

function doubts(sheet) {
  if (!sheet.doubts.length) return null;
  return h("dl", { className: "doubts" }, sheet.doubts.map((one) => h("div", { className: "doubt" }, h("dt", {}, data(one.question)),
    one.probability === null
      ? h("dd", {}, h("b", {}, data(one.answer || "no answer")))
      : h("dd", {}, h("dl", { className: "odds-list" }, odds("stored", one.answer, one.probability), one.expected_probability === null ? null : odds("expected", one.expected, one.expected_probability))))));
}

function others(sheet) {
  if (!sheet.answers.length) return null;
  const many = sheet.pictures.length > 1;
  const head = many ? h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "question"), sheet.pictures.map((one) => h("th", { scope: "col" }, h("code", {}, data(one.id)))))) : null;
  const rows = sheet.answers.map((one) => {
    const differs = new Set(one.answers).size > 1;
    return h("tr", {}, h("th", { scope: "row" }, data(one.question)), one.answers.map((answer, n) => h("td", { "className": differs ? "differs" : "", "data-of": many ? sheet.pictures[n]?.id ?? "" : "" }, data(answer || "–"))));
  });
  const table = h("table", { className: many ? "differing" : "plain" }, head, h("tbody", {}, rows));
  return block(`All other answers (${sheet.answers.length + sheet.more_answers})`, scrolling("All other answers", table), sheet.more_answers ? h("p", { className: "more" }, `and ${sheet.more_answers} more`) : null);
}

function neighbours(sheet) {
  if (!sheet.neighbours.length) return null;
  const rows = sheet.neighbours.map((one) => h("tr", { className: one.here ? "here" : "" }, h("td", { className: "num" }, one.row.toLocaleString("en")), [one.img_id, one.question, one.answer].map((text) => h("td", {}, data(text || "–")))));
  const head = h("tr", {}, h("th", { scope: "col", className: "num" }, "row"), ["image", "question", "answer"].map((name) => h("th", { scope: "col" }, name)));
  return block("Rows beside it in the table", scrolling("Rows beside it", h("table", {}, h("thead", {}, head), h("tbody", {}, rows))));
}

export function block(title, ...children) {
  return h("section", { className: "block" }, h("h3", { className: "small-title" }, title), ...children);
}

function opinion(one, withAbout) {
  const when = new Date(one.at).toLocaleDateString(undefined, { dateStyle: "medium" });
  return h("li", {}, h("b", {}, data(one.who)), `: ${said[one.verdict]}`, one.answer ? [", right is ", h("b", {}, data(one.answer))] : null, `, ${when}`,
    one.reason === "decided in review" ? null : [" – ", data(one.reason)], withAbout ? h("span", { className: "quiet" }, " ", data(one.about)) : null);
}

export function head(item) {
  const { sheet } = item;
  return h("p", { className: "card-head" }, h("span", { className: `pill ${item.blocks ? "error" : sheet.severity}` }, item.blocks ? "blocks" : sheet.severity), " ",
    item.state === "disputed" ? [h("span", { className: "pill warning" }, "disputed"), " "] : null,
    item.round > 1 ? [h("span", { className: "pill info" }, "open again"), " "] : null,
    h("code", {}, sheet.check), " ", data(sheet.title), item.settles > 1 ? ` · settles ${item.settles} findings` : "");
}

// What comes above the buttons, and what below.
export function words(item) {
  const { sheet } = item;
  const reasons = sheet.reasons.map((reason, n) => (n ? reason : capital(reason))).join("; ");
  const above = [
    head(item),
    h("h2", { id: "ask" }, sheet.ask),
    sheet.changes.length ? block("Decided on other evidence", h("ul", {}, sheet.changes.map((one) => h("li", {}, data(one))))) : null,
    item.said.length ? block(item.state === "disputed" ? "They do not agree" : "Decided", h("ul", {}, item.said.map((one) => opinion(one, false)))) : null,
    differing(sheet),
    doubts(sheet),
    h("p", { className: "why" }, h("b", {}, "Why it is flagged. "), data(reasons)),
    h("p", { className: "why" }, h("b", {}, "What to do. "), data(sheet.advice)),
  ];
  const below = [
    item.similar.length ? block("Decided before about findings like this", h("ul", {}, item.similar.map((one) => opinion(one, true)))) : null,
    others(sheet),
    neighbours(sheet),
    block("What is measured", h("p", { className: "quiet" }, data(sheet.why)), h("ul", { className: "quiet" }, sheet.findings.map((one) => h("li", {}, h("code", {}, one.check), " ", data(one.message))))),
  ];
  return { above: above.filter(Boolean), below: below.filter(Boolean) };
}
