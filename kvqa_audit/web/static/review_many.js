// Filters come in; what they hold for is shown, and decided in one step.
"use strict";
import { newKey } from "./review_outbox.js";
import { h } from "./review_words.js";

const WORDS = [["confirmed", "a defect"], ["false positive", "a false alarm"], ["accepted", "accepted"]];
const plural = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

// ask: sends a request to the API and gives its answer. done: is called when something was decided.
export class Many {
  constructor(root, ask, done) {
    Object.assign(this, { root, ask, done });
  }

  close() {
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  async open(filters) {
    this.root.hidden = false;
    this.root.replaceChildren(h("p", { className: "quiet" }, "Looking what that would be…"));
    const answer = await this.ask("preview", filters);
    if (!answer.ok) {
      this.#say(answer.body.detail);
      return;
    }
    const told = answer.body;
    const named = Object.entries(filters).filter(([, value]) => value && value !== true).map(([name, value]) => `${name} ${value}`);
    const verdict = h("select", { name: "verdict", ariaLabel: "Decision" }, WORDS.map(([value, words]) => new Option(words, value)));
    const reason = h("input", { name: "reason", required: true, maxLength: 2000, size: 36, autocomplete: "off" });
    const form = h("form", { className: "row" }, h("label", {}, "They are ", verdict), h("label", {}, "because ", reason),
      h("button", { className: "main-button", disabled: told.seen.length === 0 }, `Decide ${plural(told.seen.length, "thing")}`),
      h("button", { type: "button", onclick: () => this.close() }, "Close"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#apply(told, { verdict: verdict.value, reason: reason.value });
    });
    this.root.replaceChildren(
      h("h2", {}, "Decide many"),
      h("p", { id: "many-told" }, `${plural(told.seen.length, "thing")} with ${plural(told.findings, "finding")} wait${told.seen.length === 1 ? "s" : ""}${named.length ? ` (${named.join(", ")})` : ""}, ${told.settled.toLocaleString("en")} already decided.`),
      h("ul", { className: "quiet" }, told.first.map((one) => h("li", {}, h("bdi", {}, one)))),
      form,
    );
    reason.focus();
  }

  async #apply(told, words) {
    const answer = await this.ask("bulk", { seen: told.seen, words }, newKey());
    if (!answer.ok) {
      this.#say(answer.body.detail);
      return;
    }
    const { kept, refused } = answer.body;
    this.root.replaceChildren(
      h("p", { id: "many-done", role: "status" }, `${plural(kept, "thing")} decided. Undo takes all of them back.`),
      refused.length ? h("p", {}, `${plural(refused.length, "thing")} not decided:`) : "",
      h("ul", {}, refused.slice(0, 20).map((one) => h("li", {}, `${one.id}: ${one.reason}`))),
      h("button", { type: "button", onclick: () => this.close() }, "Close"),
    );
    this.done();
  }

  #say(words) {
    this.root.replaceChildren(h("p", { className: "told", role: "alert" }, words), h("button", { type: "button", onclick: () => this.close() }, "Close"));
  }
}
