/* Keeps the list of shipments up to date: listens to /v1/live and has the server render the
   rows that changed, so a row looks the same however it came onto the page. */
(function () {
  "use strict";
  const table = document.getElementById("shipments");
  const body = document.getElementById("rows");
  const status = document.getElementById("live");
  const statusText = document.getElementById("live-text");
  const filter = table.dataset.filter;
  const lang = table.dataset.lang;
  const stateFilter = table.dataset.state;
  const takesNew = table.dataset.first === "yes";
  const changed = new Set();
  const newest = new Map();
  const AT_ONCE = 50;
  const PAUSE_MS = 400;
  const READING_PAUSE_MS = 3000;
  let timer = 0;
  let due = Infinity;

  function rowOf(shipment) {
    return body.querySelector('tr[data-shipment="' + CSS.escape(shipment) + '"]');
  }

  function say(text, state) {
    statusText.textContent = text;
    status.dataset.state = state;
  }

  function clock(at, seconds) {
    const parts = { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false };
    if (seconds) { parts.second = "2-digit"; }
    return at.toLocaleTimeString(lang === "zh" ? "zh-CN" : "en-GB", parts);
  }

  function degrees(celsius) {
    return celsius.toFixed(2).replace(/0$/, "").replace("-", "−");
  }

  function showNewest(shipment) {
    const row = rowOf(shipment);
    const reading = newest.get(shipment);
    if (!row || !reading) { return; }
    const cell = row.querySelector("[data-newest]");
    const at = clock(new Date(reading.time), false);
    const drug = Object.keys(reading.temperature).filter(function (name) {
      return name === "drug" || name.startsWith("drug.");
    }).map(function (name) { return degrees(reading.temperature[name]) + " °C"; });
    cell.textContent = drug.join(" / ") + " · " + at;
  }

  function recount() {
    document.querySelectorAll("[data-count]").forEach(function (place) {
      const verdict = place.dataset.count;
      if (!filter || filter === verdict) {
        place.textContent = body.querySelectorAll('tr[data-verdict="' + verdict + '"]').length;
      }
    });
    const some = body.children.length > 0;
    table.hidden = !some;
    document.getElementById("empty").hidden = some;
  }

  function put(fresh) {
    const shipment = fresh.dataset.shipment;
    const old = rowOf(shipment);
    const fits = (!filter || fresh.dataset.verdict === filter) &&
      (!stateFilter || fresh.dataset.state === stateFilter);
    if (old && fits) {
      const focused = old.contains(document.activeElement);
      const hasChanged = old.dataset.verdict !== fresh.dataset.verdict;
      old.replaceWith(fresh);
      if (hasChanged) { fresh.classList.add("fresh"); }
      if (focused) { fresh.querySelector("a").focus(); }
    } else if (old) {
      old.remove();
    } else if (fits && takesNew) {
      body.prepend(fresh);
      fresh.classList.add("fresh");
    }
    showNewest(shipment);
  }

  async function refresh() {
    due = Infinity;
    const ids = Array.from(changed).slice(0, AT_ONCE);
    ids.forEach(function (id) { changed.delete(id); });
    if (!ids.length) { return; }
    try {
      const answer = await fetch("/rows?lang=" + lang + "&ids=" + ids.join(","));
      if (!answer.ok) { throw new Error(String(answer.status)); }
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      Array.from(holder.content.querySelectorAll("tr")).forEach(put);
      recount();
      const now = clock(new Date(), true);
      say(status.dataset.on + " · " + status.dataset.updated + " " + now, "on");
    } catch (error) {
      ids.forEach(function (id) { changed.add(id); });
    }
    if (changed.size) { refreshWithin(PAUSE_MS); }
  }

  function refreshWithin(pause) {
    const at = Date.now() + pause;
    if (at < due) {
      due = at;
      window.clearTimeout(timer);
      timer = window.setTimeout(refresh, pause);
    }
  }

  const stream = new EventSource("/v1/live");
  stream.addEventListener("open", function () { say(status.dataset.on, "on"); });
  stream.addEventListener("error", function () { say(status.dataset.broken, "broken"); });
  stream.addEventListener("reading", function (event) {
    const told = JSON.parse(event.data);
    newest.set(told.shipment, told);
    const shown = rowOf(told.shipment);
    showNewest(told.shipment);
    if (shown || (takesNew && !filter)) {
      changed.add(told.shipment);
      refreshWithin(shown ? READING_PAUSE_MS : PAUSE_MS);
    }
  });
  stream.addEventListener("verdict", function (event) {
    changed.add(JSON.parse(event.data).shipment);
    refreshWithin(PAUSE_MS);
  });
  stream.addEventListener("lost", function () { window.location.reload(); });
})();
