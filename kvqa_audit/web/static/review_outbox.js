// Decisions come in; each is sent to the service once. What the service does not take now is kept in this browser.
"use strict";

const AGAIN_MS = 2000;

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  // place: where this browser keeps them. tell: is told "saved", "saving", "away" or "login", and how many wait.
  // kept: is told what the service answered; refused: why it did not take one.
  constructor(place, csrf, { tell, kept, refused }) {
    this.place = place;
    this.csrf = csrf;
    this.tell = tell;
    this.kept = kept;
    this.refused = refused;
    this.waiting = this.#load();
    this.sending = false;
    addEventListener("online", () => this.send());
    addEventListener("beforeunload", (event) => {
      if (this.waiting.length && !this.remembered) event.preventDefault();
    });
  }

  // What waits is read anew each time: another tab may keep decisions in the same place.
  #load() {
    try {
      this.remembered = true;
      const read = JSON.parse(localStorage.getItem(this.place) || "[]");
      return Array.isArray(read) ? read : [];
    } catch {
      this.remembered = false;
      return this.waiting || [];
    }
  }

  #keep() {
    try {
      if (this.waiting.length) localStorage.setItem(this.place, JSON.stringify(this.waiting));
      else localStorage.removeItem(this.place);
    } catch {
      this.remembered = false;
    }
  }

  add(item, words) {
    this.waiting.push({ id: item.id, version: item.version, state: item.state, words, key: newKey() });
    this.#keep();
    this.send();
  }

  // Takes back the last one, if it has not been sent; gives its id.
  takeBack() {
    if (this.waiting.length < (this.sending ? 2 : 1)) return null;
    const last = this.waiting.pop();
    this.#keep();
    if (!this.waiting.length) this.tell("saved", 0);
    return last.id;
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.again);
    while (this.waiting.length) {
      this.tell("saving", this.waiting.length);
      const state = await this.#sendOne(this.waiting[0]);
      if (state) {
        this.tell(state, this.waiting.length);
        this.again = setTimeout(() => this.send(), AGAIN_MS);
        break;
      }
      this.waiting.shift();
      this.#keep();
      if (!this.waiting.length) this.tell("saved", 0);
    }
    this.sending = false;
  }

  // "" where it is done with, for good or ill; else why it has to wait.
  async #sendOne(one) {
    let answer;
    try {
      answer = await fetch(`/api/v1/review/items/${one.id}/decisions`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRF-Token": this.csrf,
          "Idempotency-Key": one.key,
          "If-Match": `"${one.version}"`,
        },
        body: JSON.stringify(one.words),
      });
      if (answer.status >= 500 || answer.status === 429) return "away";
      if (answer.status === 401) return "login";
      const body = await answer.json();
      if (answer.ok) this.kept(one, body);
      else this.refused(one, body.detail || "it was refused");
    } catch {
      return "away";
    }
    return "";
  }
}
