"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = {};
  const paper = { ink: "#000000", line: "#cccccc", panel: "#ffffff", width: 660 };
  let printing = false;

  function themed(layout) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => (printing ? paper[name] : style.getPropertyValue(`--${name}`).trim());
    const [ink, line, panel] = ["ink", "line", "panel"].map(colour);
    const themedLayout = Object.assign({}, layout, {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, size: 12, family: style.getPropertyValue("--sans").trim() },
      hoverlabel: Object.assign({}, layout.hoverlabel, { bgcolor: panel, bordercolor: line, font: { color: ink } }),
    });
    for (const name of Object.keys(layout)) {
      if (/^[xy]axis/.test(name)) {
        themedLayout[name] = Object.assign({ gridcolor: line, linecolor: line, tickcolor: line }, layout[name]);
      }
    }
    return themedLayout;
  }

  function draw(place) {
    const key = place.dataset.plot;
    const figure = figures[key][chosen[key] || 0];
    const layout = themed(figure.layout);
    if (printing) layout.width = paper.width;
    let data = figure.data;
    if (layout.meta && layout.meta.narrow && place.clientWidth < 560) {
      layout.yaxis = Object.assign({}, layout.yaxis, { ticktext: layout.meta.narrow });
      data = data.map((trace) => Object.assign({}, trace, { showscale: false }));
    }
    place.dataset.drawn = "yes";
    return window.Plotly.react(place, data, layout, { displayModeBar: false, responsive: true });
  }

  const places = Array.from(document.querySelectorAll("[data-plot]"));
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        watcher.unobserve(entry.target);
        draw(entry.target);
      }
    }
  }, { rootMargin: "600px" });
  places.forEach((place) => watcher.observe(place));
  const redraw = () => places.filter((place) => place.dataset.drawn).forEach(draw);
  dark.addEventListener("change", redraw);
  for (const select of document.querySelectorAll("[data-choose]")) {
    select.addEventListener("change", () => {
      chosen[select.dataset.choose] = Number(select.value);
      draw(document.querySelector(`[data-plot="${select.dataset.choose}"]`));
    });
  }
  const turn = (toPaper) => {
    printing = toPaper;
    places.forEach(draw);
  };
  window.addEventListener("beforeprint", () => turn(true));
  window.addEventListener("afterprint", () => turn(false));

  const form = document.querySelector(".filter");
  const text = document.getElementById("filter");
  const severity = document.getElementById("filter-severity");
  const told = form.querySelector("output");
  const rows = Array.from(document.querySelectorAll("table.findings tbody tr"));
  const checks = Array.from(document.querySelectorAll("details.check"));
  const groups = Array.from(document.querySelectorAll("article.group"));
  const folds = Array.from(document.querySelectorAll("details.fold"));
  const openBefore = new Map([...checks, ...folds].map((details) => [details, details.open]));
  let haystacks = null;

  function haystack(element) {
    if (!haystacks) haystacks = new Map();
    if (!haystacks.has(element)) {
      haystacks.set(element, `${element.dataset.check || ""} ${element.textContent}`.toLowerCase());
    }
    return haystacks.get(element);
  }

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = severity.value;
    const active = words.length > 0 || wanted !== "";
    const fits = (element) => words.every((word) => haystack(element).includes(word));
    let found = 0;
    for (const row of rows) {
      row.hidden = active && !(fits(row) && (!wanted || row.dataset.severity === wanted));
      if (!row.hidden) found += 1;
    }
    for (const check of checks) {
      const own = Array.from(check.querySelectorAll("table.findings tbody tr"));
      const some = own.some((row) => !row.hidden);
      const named = words.length > 0 && !wanted && fits(check.querySelector("summary"));
      if (named) own.forEach((row) => { if (row.hidden) { row.hidden = false; found += 1; } });
      check.hidden = active && !some && !named;
      check.open = active ? some || named : openBefore.get(check);
    }
    for (const fold of folds) {
      const some = Array.from(fold.querySelectorAll("details.check")).some((check) => !check.hidden);
      fold.hidden = active && !some;
      fold.open = active ? some : openBefore.get(fold);
    }
    groups.forEach((group) => { group.hidden = words.length > 0 && !fits(group); });
    told.textContent = active ? `${found.toLocaleString("en")} of ${rows.length.toLocaleString("en")} findings in this page` : "";
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  text.addEventListener("input", filter);
  severity.addEventListener("change", filter);

  function follow() {
    let id;
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
      element.hidden = false;
    }
    target.scrollIntoView({ block: target.tagName === "TR" ? "center" : "start" });
  }
  window.addEventListener("hashchange", follow);
  follow();
})();
