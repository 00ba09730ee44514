"use strict";
(() => {
  for (const image of document.querySelectorAll("img[data-same]")) {
    image.src = document.getElementById(image.dataset.same).src;
  }

  const dialog = document.createElement("dialog");
  dialog.className = "lightbox";
  dialog.setAttribute("aria-label", "Picture in full size");
  const shown = document.createElement("div");
  shown.className = "shown";
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  const bar = document.createElement("p");
  bar.className = "lightbox-bar";
  const original = document.createElement("a");
  original.textContent = "Open the original file";
  original.target = "_blank";
  original.rel = "noreferrer";
  const noOriginal = document.createElement("span");
  noOriginal.textContent = "The original is no file beside this report";
  let places = [];
  let at = 0;

  function button(label, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", press);
    return made;
  }

  function show(number) {
    at = (number + places.length) % places.length;
    const place = places[at];
    shown.replaceChildren(...Array.from(place.children, (child) => child.cloneNode(true)));
    const image = shown.querySelector("img");
    image.removeAttribute("id");
    image.loading = "eager";
    original.hidden = !place.dataset.file;
    noOriginal.hidden = !original.hidden;
    if (place.dataset.file) original.href = place.dataset.file;
    told.textContent = `${image.alt}, ${at + 1} of ${places.length}`;
  }

  function close() {
    dialog.close();
  }

  bar.append(button("‹ Previous", () => show(at - 1)), button("Next ›", () => show(at + 1)), button("Close", close), original, noOriginal, told);
  dialog.append(shown, bar);
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    event.stopPropagation();
    if (!step) return;
    event.preventDefault();
    show(at + step);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest(".shown")) close(); });
  dialog.addEventListener("close", () => {
    const place = places[at];
    if (place) place.focus();
  });
  document.body.append(dialog);

  document.addEventListener("click", (event) => {
    const place = event.target.closest("button.open");
    if (!place || !place.querySelector("img")) return;
    places = Array.from(document.querySelectorAll("button.open")).filter((one) => one.querySelector("img") && one.checkVisibility());
    show(places.indexOf(place));
    dialog.showModal();
  });
})();
