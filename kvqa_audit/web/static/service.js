// Moments in the reader's own time, and a running audit as it happens. Pages work without it; a reload tells the same.
"use strict";
(() => {
  const form = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    const moment = new Date(time.dateTime);
    time.textContent = time.closest("#log") ? moment.toLocaleTimeString() : form.format(moment);
  }

  const live = document.getElementById("live");
  if (!live) return;
  const stages = document.getElementById("stages");
  const log = document.getElementById("log");
  let at = null;
  let done = 0;

  function element(name, text, kind = "") {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = kind;
    return made;
  }

  function begin(name, total) {
    document.getElementById("waiting").hidden = true;
    const row = element("li", "", "is-at-work");
    const number = element("span", "", "quiet");
    row.append(element("span", name), number);
    done = 0;
    if (total) {
      const bar = document.createElement("progress");
      bar.max = total;
      bar.value = 0;
      row.append(bar);
    }
    stages.append(row);
    at = { row, number, total };
  }

  function finish(name, seconds, items) {
    if (!at || at.row.firstChild.textContent !== name) begin(name, 0);
    at.row.className = "is-done";
    at.number.textContent = `${seconds.toFixed(1)} s${items ? `, ${items.toLocaleString()}` : ""}`;
    at.row.querySelector("progress")?.remove();
    at = null;
  }

  function count(number) {
    done = number;
    if (!at) return;
    at.number.textContent = at.total ? `${done.toLocaleString()} of ${at.total.toLocaleString()}` : done.toLocaleString();
    const bar = at.row.querySelector("progress");
    if (bar) bar.value = done;
  }

  const source = new EventSource(`/audits/${live.dataset.audit}/events?after=${live.dataset.after}`);
  source.addEventListener("stage", (event) => {
    const body = JSON.parse(event.data);
    if (body.begins) begin(body.stage, body.total);
    else finish(body.stage, body.seconds, body.items);
  });
  source.addEventListener("count", (event) => count(JSON.parse(event.data).done));
  for (const kind of ["log", "state"]) {
    source.addEventListener(kind, (event) => {
      const body = JSON.parse(event.data);
      const words = body.text || body.state + (body.reason ? `: ${body.reason}` : "");
      log.append(element("li", `${new Date(body.at).toLocaleTimeString()} ${words}`));
      log.scrollTop = log.scrollHeight;
      const pill = document.getElementById("state").firstElementChild;
      if (body.state) pill.textContent = body.state;
      pill.classList.toggle("info", body.state === "running");
    });
  }
  source.addEventListener("over", () => {
    source.close();
    location.reload();
  });
})();
