"use strict";
(() => {
  const missing = document.getElementById("missing-finding");
  const bar = document.querySelector(".bar");

  const room = () => {
    const sticks = getComputedStyle(bar).position === "sticky";
    document.documentElement.style.setProperty("--bar", sticks ? `${Math.ceil(bar.getBoundingClientRect().height)}px` : "0px");
  };
  new ResizeObserver(room).observe(bar);
  room();

  function reveal(target) {
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
      element.hidden = false;
    }
    const place = target.closest("article.card") || target;
    const scroll = () => place.scrollIntoView({ block: place.tagName === "TR" ? "center" : "start" });
    scroll();
    if (place.matches("article.card")) place.focus({ preventScroll: true });
    // What was not drawn yet above it may turn out to be taller than foreseen.
    requestAnimationFrame(() => requestAnimationFrame(scroll));
  }

  function follow() {
    let id;
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (missing) missing.hidden = true;
    const target = id && document.getElementById(id);
    if (target) {
      reveal(target);
      return;
    }
    const named = /^(.+)-([0-9a-f]{16})$/.exec(id);
    if (!named || !missing) return;
    missing.querySelector("code").textContent = id;
    const check = document.getElementById(named[1]);
    missing.hidden = false;
    reveal(missing);
    if (check) check.open = true;
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", () => {
    for (const block of document.querySelectorAll("#blockers details.check")) block.open = true;
  });
  follow();
})();
