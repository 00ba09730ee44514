"use strict";
(() => {
  const undone = {
    "identity": "none", "overlay": "none", "light": "none", "flip-horizontal": "scaleX(-1)", "flip-vertical": "scaleY(-1)",
    "rotate-180": "rotate(180deg)", "rotate-90": "rotate(-90deg)", "rotate-270": "rotate(90deg)",
    "transpose": "rotate(-90deg) scaleX(-1)", "transverse": "rotate(90deg) scaleX(-1)",
  };

  function pictures(group) {
    const found = new Map();
    for (const shot of group.querySelectorAll("figure.shot")) {
      const image = shot.querySelector("img");
      if (image) found.set(shot.dataset.image, image);
    }
    return found;
  }

  function button(label, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.setAttribute("aria-pressed", "false");
    made.addEventListener("click", press);
    return made;
  }

  function build(group) {
    const shots = pictures(group);
    const pairs = Array.from(group.querySelectorAll("tr[data-left]"))
      .map((row) => row.dataset)
      .filter((pair) => shots.has(pair.left) && shots.has(pair.right));
    if (!pairs.length) return;
    const place = group.querySelector(".lay-over");
    const stage = document.createElement("div");
    stage.className = "stage";
    stage.hidden = true;
    const note = document.createElement("p");
    note.className = "quiet";
    note.setAttribute("role", "status");
    let ticking = 0;
    let mode = "";
    const choice = document.createElement("select");
    choice.setAttribute("aria-label", "Pair to lay over each other");
    pairs.forEach((pair, number) => choice.add(new Option(`${pair.left} and ${pair.right}`, number)));
    choice.hidden = pairs.length < 2;

    function show() {
      clearInterval(ticking);
      stage.hidden = !mode;
      note.textContent = "";
      stage.replaceChildren();
      for (const one of [difference, blink]) one.setAttribute("aria-pressed", String(one.dataset.mode === mode));
      if (!mode) return;
      const pair = pairs[Number(choice.value)];
      const [left, right] = [pair.left, pair.right].map((id) => {
        const copy = document.createElement("img");
        copy.src = shots.get(id).src;
        copy.alt = `${mode === "blink" ? "Blinking" : "Difference"}: ${id}`;
        return copy;
      });
      const aligned = undone[pair.transform];
      right.style.transform = aligned || "none";
      right.className = mode;
      stage.append(left, right);
      const how = mode === "difference" ? "What is black is equal." : "The two pictures take turns.";
      note.textContent = aligned ? how : `${how} Laid over each other as they stand: the ${pair.transform} is not undone.`;
      if (mode === "blink") ticking = setInterval(() => right.classList.toggle("away"), 700);
    }

    const press = (event) => {
      mode = mode === event.currentTarget.dataset.mode ? "" : event.currentTarget.dataset.mode;
      show();
    };
    const difference = button("Show the difference", press);
    difference.dataset.mode = "difference";
    const blink = button("Blink", press);
    blink.dataset.mode = "blink";
    choice.addEventListener("change", show);
    const line = document.createElement("p");
    line.className = "choice";
    line.append(difference, blink, choice);
    place.append(line, stage, note);
    place.hidden = false;
  }

  document.querySelectorAll("article.group").forEach(build);
})();
