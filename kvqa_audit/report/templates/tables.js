"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function sort(table, column, head) {
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const body = table.tBodies[0];
    const key = (row) => {
      const cell = row.cells[column];
      return cell.dataset.sort || cell.textContent.trim();
    };
    const ordered = Array.from(body.rows).sort((a, b) => collator.compare(key(a), key(b)));
    body.append(...(descending ? ordered.reverse() : ordered));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    Array.from(table.querySelectorAll("thead th")).forEach((head, column) => {
      if (!head.textContent.trim() || head.dataset.fixed !== undefined) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, column, head));
    });
  }

  const said = document.getElementById("copied");
  let timer = 0;

  function copied(name) {
    said.textContent = `copied: ${name}`;
    said.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { said.hidden = true; }, 2500);
  }

  function copy(text, name) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    copied(name);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    event.preventDefault();
    copy(button.dataset.copy, button.dataset.named || button.dataset.copy);
    button.focus();
  });
  for (const place of document.querySelectorAll("i[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.dataset.copy = place.dataset.copy;
    button.setAttribute("aria-label", `Copy ${place.dataset.copy}`);
    button.textContent = "copy";
    place.replaceWith(button);
  }
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
})();
