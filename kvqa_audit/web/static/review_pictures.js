// The pictures of a finding come in; a place to look at them closely goes out: beside each other, or laid on each other.
"use strict";

const MODES = [
  ["beside", "Beside", "b", ""],
  ["slider", "Slider", "l", "The right picture covers the left one up to the slider."],
  ["difference", "Difference", "m", "Black is equal; only what both show is compared."],
  ["blink", "Blink", "k", "The two pictures take turns."],
];
const SVG = "http://www.w3.org/2000/svg";
const loaded = new Map();

function element(name, kind = "", text = "") {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

// Loads a picture once; resolves to its element, ready to be painted, or to the reason why there is none.
function picture(address) {
  if (!loaded.has(address)) {
    const image = new Image();
    image.decoding = "sync";
    image.draggable = false;
    image.src = address;
    loaded.set(address, image.decode().then(
      () => image,
      async () => {
        loaded.delete(address);
        try {
          return (await (await fetch(address)).json()).detail;
        } catch {
          return "The service does not answer.";
        }
      },
    ));
    if (loaded.size > 80) loaded.delete(loaded.keys().next().value);
  }
  return loaded.get(address);
}

const about = new Map();

function pairAbout(address) {
  if (!about.has(address)) {
    about.set(address, fetch(address).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null));
  }
  return about.get(address);
}

// Loads what a finding shows ahead of its turn; resolves when it can be painted.
export function loadAhead(item) {
  const pairs = item.pairs.flatMap((pair) => [picture(`${pair}/left`), picture(`${pair}/right`), pairAbout(pair)]);
  return Promise.all([...item.pictures.map(picture), ...pairs]);
}

export class Pictures {
  constructor(root) {
    this.root = root;
    this.light = { brightness: 100, contrast: 100 };
    this.item = null;
  }

  show(item) {
    this.item = item;
    this.view = { scale: 1, x: 0, y: 0 };
    this.canvases = [];
    clearInterval(this.ticking);
    const { sheet } = item;
    this.root.hidden = item.pictures.length === 0;
    this.root.replaceChildren();
    if (this.root.hidden) return;
    this.pair = 0;
    this.tools = element("div", "picture-tools");
    this.frames = element("div", "frames");
    this.frames.dataset.number = String(Math.min(item.pictures.length, 4));
    this.stage = element("div", "stage-place");
    this.stage.hidden = true;
    this.note = element("p", "quiet");
    this.root.append(this.tools, this.frames, this.stage, this.note);
    this.#buildTools();
    item.pictures.forEach((address, n) => this.frames.append(this.#frame(address, sheet.pictures[n], n === 0 ? sheet.outlines : [])));
    this.#apply();
  }

  // Takes a key that is about the pictures; whether it was one.
  press(key) {
    if (!this.item || this.root.hidden) return false;
    const mode = MODES.find((one) => one[2] === key);
    if (mode && this.item.pairs.length) this.lay(mode[0]);
    else if (key === "+" || key === "=") this.zoom(1.4);
    else if (key === "-") this.zoom(1 / 1.4);
    else if (key === "0") this.zoom(0);
    else return false;
    return true;
  }

  zoom(by, at = [0, 0]) {
    const before = this.view.scale;
    const scale = by ? Math.min(12, Math.max(1, before * by)) : 1;
    const [x, y] = at;
    this.view = scale === 1 ? { scale, x: 0, y: 0 } : {
      scale,
      x: x - (x - this.view.x) * (scale / before),
      y: y - (y - this.view.y) * (scale / before),
    };
    this.#apply();
  }

  async lay(mode) {
    clearInterval(this.ticking);
    for (const button of this.tools.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    const isLaid = mode !== "beside";
    this.frames.hidden = isLaid;
    this.stage.hidden = !isLaid;
    this.note.textContent = MODES.find((one) => one[0] === mode)[3];
    if (!isLaid) return;
    const address = this.item.pairs[this.pair];
    const item = this.item;
    const [left, right, told] = await Promise.all([picture(`${address}/left`), picture(`${address}/right`), pairAbout(address)]);
    if (item !== this.item) return;
    if (typeof left === "string" || typeof right === "string") {
      this.stage.replaceChildren(element("p", "no-shot", typeof left === "string" ? left : right));
      return;
    }
    if (told && !told.is_aligned) this.note.textContent += " No way was found to lay one on the other: it is stretched over it.";
    this.#stage(mode, left, right, told);
  }

  #stage(mode, left, right, told) {
    const canvas = this.#canvas(left.naturalWidth / left.naturalHeight);
    const [under, over] = [left, right].map((image) => image.cloneNode());
    if (mode === "difference" && told) {
      const reach = told.corners.map(([x, y]) => `${100 * x}% ${100 * y}%`).join(", ");
      for (const image of [under, over]) image.style.clipPath = `polygon(${reach})`;
    }
    canvas.append(under, over);
    canvas.classList.add("laid");
    canvas.dataset.mode = mode;
    const frame = element("div", "frame");
    frame.style.setProperty("--ratio", canvas.style.getPropertyValue("--ratio"));
    frame.append(canvas);
    this.#canMove(frame, canvas);
    this.stage.replaceChildren(frame);
    if (mode === "slider") {
      const slider = element("input");
      slider.type = "range";
      slider.value = "50";
      slider.setAttribute("aria-label", "How much of the right picture covers the left one, in per cent");
      const cover = () => { over.style.clipPath = `inset(0 ${100 - Number(slider.value)}% 0 0)`; };
      slider.addEventListener("input", cover);
      cover();
      this.stage.append(slider);
    }
    if (mode === "blink") this.ticking = setInterval(() => over.classList.toggle("away"), 700);
    this.#apply();
  }

  #frame(address, shown, outlines) {
    const figure = element("figure");
    const frame = element("div", "frame");
    frame.append(element("p", "no-shot", "loading…"));
    const caption = element("figcaption");
    caption.append(element("bdi", "", shown.id));
    if (shown.source) caption.append(` · `, element("bdi", "", shown.source));
    figure.append(frame, caption);
    const item = this.item;
    picture(address).then((found) => {
      if (item !== this.item) return;
      if (typeof found === "string") {
        frame.replaceChildren(element("p", "no-shot", found));
        return;
      }
      const canvas = this.#canvas(found.naturalWidth / found.naturalHeight);
      const image = found.isConnected ? found.cloneNode() : found;
      image.alt = `Picture ${shown.id}`;
      canvas.append(image);
      if (outlines.length) canvas.append(this.#drawn(outlines));
      frame.style.setProperty("--ratio", String(found.naturalWidth / found.naturalHeight || 1.25));
      frame.replaceChildren(canvas);
      this.#canMove(frame, canvas);
      this.#apply();
    });
    return figure;
  }

  #drawn(outlines) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 1 1");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    for (const [x, y, width, height] of outlines) {
      for (const kind of ["halo", "line"]) {
        const rect = document.createElementNS(SVG, "rect");
        for (const [name, value] of Object.entries({ x, y, width, height, class: kind })) rect.setAttribute(name, value);
        svg.append(rect);
      }
    }
    return svg;
  }

  #canvas(ratio) {
    const canvas = element("div", "canvas");
    canvas.style.setProperty("--ratio", String(ratio || 1.25));
    this.canvases.push(canvas);
    return canvas;
  }

  // All pictures move together, in shares of their own size.
  #apply() {
    const { scale, x, y } = this.view;
    for (const canvas of this.canvases) {
      canvas.style.transform = `translate(${x}%, ${y}%) scale(${scale})`;
      canvas.style.filter = `brightness(${this.light.brightness}%) contrast(${this.light.contrast}%)`;
    }
    this.root.classList.toggle("is-zoomed", scale > 1);
  }

  #canMove(frame, canvas) {
    const fingers = new Map();
    const place = (event) => {
      const box = frame.getBoundingClientRect();
      return [
        (100 * (event.clientX - box.x - box.width / 2)) / canvas.offsetWidth,
        (100 * (event.clientY - box.y - box.height / 2)) / canvas.offsetHeight,
      ];
    };
    const spread = () => {
      const [one, other] = fingers.values();
      return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    };
    frame.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, place(event));
    }, { passive: false });
    frame.addEventListener("dblclick", (event) => this.zoom(this.view.scale > 1 ? 0 : 3, place(event)));
    frame.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, event);
      frame.setPointerCapture(event.pointerId);
    });
    frame.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const wide = fingers.size === 2 ? spread() : 0;
      fingers.set(event.pointerId, event);
      if (fingers.size === 2) this.zoom(spread() / (wide || 1), place(event));
      else if (this.view.scale > 1) {
        this.view.x += (100 * (event.clientX - last.clientX)) / canvas.offsetWidth;
        this.view.y += (100 * (event.clientY - last.clientY)) / canvas.offsetHeight;
        this.#apply();
      }
    });
    for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, (event) => fingers.delete(event.pointerId));
  }

  #buildTools() {
    const button = (words, key, press) => {
      const made = element("button", "", words);
      made.type = "button";
      if (key) made.append(" ", element("kbd", "", key.toUpperCase()));
      made.addEventListener("click", press);
      return made;
    };
    if (this.item.pairs.length) {
      const choice = element("div", "choice");
      choice.setAttribute("role", "group");
      choice.setAttribute("aria-label", "How to compare the pictures");
      for (const [mode, words, key] of MODES) {
        const made = button(words, key, () => this.lay(mode));
        made.dataset.mode = mode;
        made.setAttribute("aria-pressed", String(mode === "beside"));
        choice.append(made);
      }
      this.tools.append(choice);
    }
    if (this.item.pairs.length > 1) {
      const which = element("select");
      which.setAttribute("aria-label", "Which pair is laid on each other");
      this.item.sheet.pairs.forEach(([left, right], n) => which.add(new Option(`${left} and ${right}`, n)));
      which.addEventListener("change", () => { this.pair = Number(which.value); this.lay("slider"); });
      this.tools.append(which);
    }
    const zoom = element("div", "choice");
    zoom.append(button("−", "", () => this.zoom(1 / 1.4)), button("Fit", "0", () => this.zoom(0)), button("+", "", () => this.zoom(1.4)));
    zoom.firstChild.setAttribute("aria-label", "Smaller");
    zoom.lastChild.setAttribute("aria-label", "Larger");
    this.tools.append(zoom);
    for (const name of ["brightness", "contrast"]) {
      const label = element("label", "light", `${name} `);
      const range = element("input");
      range.type = "range";
      range.min = "40";
      range.max = "250";
      range.value = this.light[name];
      range.addEventListener("input", () => { this.light[name] = Number(range.value); this.#apply(); });
      range.addEventListener("dblclick", () => { range.value = this.light[name] = 100; this.#apply(); });
      label.append(range);
      this.tools.append(label);
    }
  }
}
