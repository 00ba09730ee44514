"use strict";
(() => {
  if (!window.Plotly) {
    for (const chart of document.querySelectorAll("section.chart")) {
      for (const part of chart.querySelectorAll(".choice, .scroll:has([data-plot])")) part.hidden = true;
      for (const numbers of chart.querySelectorAll("details.numbers")) numbers.open = true;
    }
    return;
  }
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
    if (layout.meta && layout.meta.narrow && place.clientWidth < layout.meta.below) {
      layout.yaxis = Object.assign({}, layout.yaxis, { ticktext: layout.meta.narrow });
      data = data.map((trace) => Object.assign({}, trace, trace.type === "bar" ? { textposition: "none" } : { showscale: false }));
    }
    const first = !place.dataset.drawn;
    place.dataset.drawn = "yes";
    const drawn = window.Plotly.react(place, data, layout, { displayModeBar: false, responsive: true });
    if (first && key === "map") drawn.then(() => showPictures(place));
    return drawn;
  }

  // A point of the map shows its picture, where the page has it, and leads to the card of its finding.
  function showPictures(place) {
    const shown = document.createElement("p");
    shown.className = "map-picture";
    shown.textContent = "Point at a picture to see it, as far as this page holds it.";
    place.parentElement.after(shown);
    place.on("plotly_hover", (event) => {
      const [id, anchor] = event.points[0].customdata;
      const picture = Array.from(document.images).find((image) => image.src && image.alt.endsWith(` ${id}`));
      const words = document.createElement("span");
      words.textContent = id;
      shown.replaceChildren(words);
      if (picture) {
        const copy = picture.cloneNode();
        copy.removeAttribute("id");
        shown.prepend(copy);
      }
      if (anchor && document.getElementById(anchor)) {
        const link = document.createElement("a");
        link.href = `#${anchor}`;
        link.textContent = "its finding";
        shown.append(" ", link);
      }
    });
    place.on("plotly_click", (event) => {
      const anchor = event.points[0].customdata[1];
      if (anchor && document.getElementById(anchor)) window.location.hash = anchor;
    });
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
})();
