"use strict";
(() => {
  const modes = [["beside", "Beside each other"], ["slider", "Slider"], ["difference", "Difference"], ["blink", "Blink"]];
  const notes = {
    beside: "",
    slider: "Move the slider: the right picture covers the left one.",
    difference: "What is black is equal. Only what both show is compared.",
    blink: "The two pictures take turns.",
  };

  function build(pair) {
    const [left, right] = pair.querySelectorAll("img");
    const figures = Array.from(pair.querySelectorAll("figure"));
    const stage = document.createElement("div");
    stage.className = "stage";
    stage.hidden = true;
    const note = document.createElement("p");
    note.className = "quiet";
    note.setAttribute("role", "status");
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = "0";
    slider.max = "100";
    slider.value = "50";
    slider.setAttribute("aria-label", `How much of ${pair.dataset.right} covers ${pair.dataset.left}, in per cent`);
    const tools = document.createElement("p");
    tools.className = "choice";
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "How to compare the two");
    const buttons = new Map();
    let ticking = 0;
    let under = null;
    let over = null;

    function cover() {
      over.style.clipPath = `inset(0 ${100 - Number(slider.value)}% 0 0)`;
    }

    function lay() {
      if (under) return;
      [under, over] = [left, right].map((image) => {
        const copy = document.createElement("img");
        copy.src = image.src;
        copy.alt = image.alt;
        return copy;
      });
      stage.append(under, over);
      stage.style.aspectRatio = `${left.naturalWidth || 5} / ${left.naturalHeight || 4}`;
    }

    function show(mode) {
      clearInterval(ticking);
      for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(name === mode));
      const laid = mode !== "beside";
      if (laid) lay();
      stage.hidden = !laid;
      slider.hidden = mode !== "slider";
      for (const figure of figures) figure.hidden = laid;
      note.textContent = notes[mode];
      if (!laid) return;
      stage.dataset.mode = mode;
      over.classList.remove("away");
      over.style.clipPath = "";
      if (mode === "slider") cover();
      if (mode === "blink") ticking = setInterval(() => over.classList.toggle("away"), 700);
    }

    for (const [name, label] of modes) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.dataset.mode = name;
      button.addEventListener("click", () => show(name));
      buttons.set(name, button);
      tools.append(button);
    }
    slider.addEventListener("input", cover);
    pair.prepend(tools);
    pair.append(stage, slider, note);
    show("beside");
  }

  document.querySelectorAll(".pair").forEach(build);
})();
