/* Keeps the list of shipments up to date: listens to /v1/live and asks the server for the page
   again when something changed, so that rows stand in its order, within its filter and counted. */
(function () {
  "use strict";
  const table = document.getElementById("shipments");
  const body = document.getElementById("rows");
  const status = document.getElementById("live");
  const statusText = document.getElementById("live-text");
  const lang = table.dataset.lang;
  const newest = new Map();
  const PAUSE_MS = 400;
  const AGAIN_MS = 2000;
  const READING_PAUSE_MS = 3000;
  let timer = 0;
  let began = 0;
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

  function put(page) {
    const focused = document.activeElement;
    const focusedIn = focused && body.contains(focused) ? focused.closest("tr").dataset.shipment : "";
    const before = new Map(Array.from(body.children, function (row) {
      return [row.dataset.shipment, row.dataset.verdict];
    }));
    const rows = Array.from(page.querySelectorAll("#rows > tr"));
    rows.forEach(function (row) {
      if (before.get(row.dataset.shipment) !== row.dataset.verdict) { row.classList.add("fresh"); }
    });
    body.replaceChildren.apply(body, rows);
    newest.forEach(function (_, shipment) { showNewest(shipment); });
    const again = focusedIn && rowOf(focusedIn);
    if (again) { again.querySelector("a").focus(); }
    document.getElementById("tabs").replaceChildren(
      ...page.getElementById("tabs").childNodes);
    const some = body.children.length > 0;
    table.hidden = !some;
    document.getElementById("empty").hidden = some;
  }

  async function refresh() {
    due = Infinity;
    began = Date.now();
    try {
      const page = await window.coldwitnessPage();
      if (!page) { return; }
      put(page);
      if (status.dataset.state !== "on") { return; }  // the page is new, the line is not
      const now = clock(new Date(), true);
      say(status.dataset.on + " · " + status.dataset.updated + " " + now, "on");
    } catch (error) {
      refreshWithin(AGAIN_MS);
    }
  }

  /* What changed comes within PAUSE_MS where nothing was asked lately, and else at the pace of
     AGAIN_MS: the server makes the list, so that order, filter and counts are its own. */
  function refreshWithin(pause) {
    const at = Math.max(Date.now() + pause, began + AGAIN_MS);
    if (at < due) {
      due = at;
      window.clearTimeout(timer);
      timer = window.setTimeout(refresh, at - Date.now());
    }
  }

  window.coldwitnessListen({
    state: function (now) { say(status.dataset[now], now); },
    resumed: function () { refreshWithin(PAUSE_MS); },
    reading: function (told) {
      newest.set(told.shipment, told);
      showNewest(told.shipment);
      refreshWithin(rowOf(told.shipment) ? READING_PAUSE_MS : PAUSE_MS);
    },
    verdict: function () { refreshWithin(PAUSE_MS); },
    lost: function () { window.location.reload(); },
  });
})();
