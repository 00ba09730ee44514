"use strict";
(() => {
  const form = document.querySelector(".filter");
  const text = document.getElementById("filter");
  const choices = Array.from(form.querySelectorAll("select"));
  const told = form.querySelector("output");
  const findings = Array.from(document.querySelectorAll("article.card, table.findings tbody tr"));
  const blocks = Array.from(document.querySelectorAll("details.check"), (block) => ({
    block,
    title: block.querySelector("summary"),
    own: Array.from(block.querySelectorAll("article.card, table.findings tbody tr")),
  }));
  const lines = Array.from(document.querySelectorAll("ul.outcomes > li"));
  const unfiltered = Array.from(document.querySelectorAll("#groups, #data, #not-checked, #provenance"));
  const sections = Array.from(document.querySelectorAll("#blockers, #warnings, #notes"));
  const outcomes = document.querySelector("#outcomes > details");
  const openBefore = new Map(blocks.map(({ block }) => [block, block.open]));
  const haystacks = new Map();
  const prefix = "#show:";
  let wasActive = false;

  function haystack(element) {
    if (!haystacks.has(element)) haystacks.set(element, `${element.dataset.check || ""} ${element.textContent}`.toLowerCase());
    return haystacks.get(element);
  }

  for (const select of choices) {
    const name = select.dataset.field;
    const numbers = new Map();
    for (const one of findings) {
      const value = one.dataset[name];
      if (value) numbers.set(value, (numbers.get(value) || 0) + 1);
    }
    const values = select.dataset.order ? select.dataset.order.split(" ").filter((one) => numbers.has(one)) : [...numbers.keys()].sort();
    for (const value of values) {
      const label = value.length > 60 ? `${value.slice(0, 59)}…` : value;
      select.add(new Option(`${label} (${numbers.get(value).toLocaleString("en")})`, value));
    }
    select.hidden = values.length < 2;
  }

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = choices.filter((select) => select.value).map((select) => [select.dataset.field, select.value]);
    const active = words.length > 0 || wanted.length > 0;
    const fits = (element) => words.every((word) => haystack(element).includes(word));
    const chosen = (element) => wanted.every(([name, value]) => element.dataset[name] === value);
    let found = 0;
    for (const { block, title, own } of blocks) {
      const named = words.length > 0 && !wanted.length && fits(title);
      let some = 0;
      for (const one of own) {
        one.hidden = active && !named && !(fits(one) && chosen(one));
        if (!one.hidden) some += 1;
      }
      found += some;
      block.hidden = active && !some && !named;
      if (active) block.open = some > 0 || named;
      else if (wasActive) block.open = openBefore.get(block);
    }
    for (const line of lines) {
      const same = wanted.every(([name, value]) => !(name in line.dataset) || line.dataset[name] === value);
      line.hidden = active && !(same && fits(line));
    }
    for (const section of sections) section.hidden = active && !section.querySelector("details.check:not([hidden])");
    for (const section of unfiltered) section.hidden = active;
    outcomes.parentElement.hidden = active && lines.every((line) => line.hidden);
    told.textContent = active ? `${found.toLocaleString("en")} of ${findings.length.toLocaleString("en")} findings on this page` : "";
    remember(active);
    wasActive = active;
  }

  function remember(active) {
    if (!active && !location.hash.startsWith(prefix)) return;
    const kept = new URLSearchParams();
    if (text.value) kept.set("words", text.value);
    for (const select of choices) if (select.value) kept.set(select.dataset.field, select.value);
    history.replaceState(null, "", active ? `${prefix}${kept}` : "#main");
  }

  function recall() {
    if (!location.hash.startsWith(prefix)) return;
    const kept = new URLSearchParams(location.hash.slice(prefix.length));
    text.value = kept.get("words") || "";
    for (const select of choices) {
      select.value = kept.get(select.dataset.field) || "";
      if (select.selectedIndex < 0) select.value = "";
    }
    filter();
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  text.addEventListener("input", filter);
  choices.forEach((select) => select.addEventListener("change", filter));
  window.addEventListener("hashchange", recall);
  recall();
})();
