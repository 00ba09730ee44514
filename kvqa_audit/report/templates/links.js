"use strict";
(() => {
  const missing = document.getElementById("missing-finding");

  function reveal(target) {
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
      element.hidden = false;
    }
    target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start" });
  }

  function follow() {
    let id;
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    missing.hidden = true;
    const target = id && document.getElementById(id);
    if (target) {
      reveal(target);
      return;
    }
    const named = /^(.+)-([0-9a-f]{16})$/.exec(id);
    if (!named) return;
    missing.querySelector("code").textContent = id;
    const check = document.getElementById(named[1]);
    missing.hidden = false;
    reveal(missing);
    if (check) check.open = true;
  }
  window.addEventListener("hashchange", follow);
  follow();
})();
