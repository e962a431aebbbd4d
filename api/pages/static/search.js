/* Shows what fits while one types: shipments by any part of id, order, box, logger, company or batch.
   Without it the form finds the same. */
(function () {
  "use strict";
  const input = document.getElementById("search");
  const found = document.getElementById("found");
  const lang = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const PAUSE_MS = 180;
  let timer = 0;
  let asked = "";

  function show(items) {
    found.replaceChildren(...items.map(function (item) {
      const link = document.createElement("a");
      link.href = "/shipments/" + encodeURIComponent(item.id) + "?lang=" + lang;
      link.className = item.verdict || "unjudged";
      link.textContent = item.id + (item.courier ? " · " + item.courier : "");
      return link;
    }));
    found.hidden = items.length === 0;
  }

  async function look() {
    const text = input.value.trim();
    if (text === asked) { return; }
    asked = text;
    if (!text) { show([]); return; }
    try {
      const answer = await fetch("/v1/shipments?limit=8&q=" + encodeURIComponent(text));
      if (answer.ok && asked === text) { show((await answer.json()).items); }
    } catch (error) {
      show([]);
    }
  }

  input.addEventListener("input", function () {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, PAUSE_MS);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { found.hidden = true; }
  });
})();
