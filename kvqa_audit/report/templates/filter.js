"use strict";
(() => {
  const form = document.querySelector(".filter");
  const text = document.getElementById("filter");
  const choices = Array.from(form.querySelectorAll("select"));
  const told = form.querySelector("output");
  const rows = Array.from(document.querySelectorAll("table.findings tbody tr"));
  const checks = Array.from(document.querySelectorAll("details.check"));
  const groups = Array.from(document.querySelectorAll("article.group"));
  const folds = Array.from(document.querySelectorAll("details.fold"));
  const cases = Array.from(document.querySelectorAll("article.case"));
  const openBefore = new Map([...checks, ...folds].map((details) => [details, details.open]));
  const haystacks = new Map();

  function haystack(element) {
    if (!haystacks.has(element)) {
      haystacks.set(element, `${element.dataset.check || ""} ${element.textContent}`.toLowerCase());
    }
    return haystacks.get(element);
  }

  for (const select of choices) {
    const name = select.dataset.field;
    const found = new Set(rows.map((row) => row.dataset[name]).filter(Boolean));
    const values = select.dataset.order ? select.dataset.order.split(" ").filter((one) => found.has(one)) : [...found].sort();
    for (const value of values) select.add(new Option(value.length > 70 ? `${value.slice(0, 69)}…` : value, value));
    select.hidden = values.length < 2;
  }

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = choices.filter((select) => select.value).map((select) => [select.dataset.field, select.value]);
    const active = words.length > 0 || wanted.length > 0;
    const fits = (element) => words.every((word) => haystack(element).includes(word));
    const chosen = (element) => wanted.every(([name, value]) => element.dataset[name] === value);
    for (const one of cases) {
      one.hidden = active && !(fits(one) && Array.from(one.querySelectorAll(".claim")).some(chosen));
    }
    let found = 0;
    for (const row of rows) {
      row.hidden = active && !(fits(row) && chosen(row));
      if (!row.hidden) found += 1;
    }
    for (const check of checks) {
      const own = Array.from(check.querySelectorAll("table.findings tbody tr"));
      const pictured = Array.from(check.querySelectorAll("article.case"));
      const some = [...own, ...pictured].some((one) => !one.hidden);
      const named = words.length > 0 && !wanted.length && fits(check.querySelector("summary"));
      if (named) pictured.forEach((one) => { one.hidden = false; });
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
  form.addEventListener("reset", () => setTimeout(filter));
  text.addEventListener("input", filter);
  choices.forEach((select) => select.addEventListener("change", filter));
})();
