/* Keeps the live board up to date: the server draws it anew when something was told. What is new
   sounds, where somebody asked for it, and is counted in the tab's title until it is looked at. */
(function () {
  "use strict";
  const status = document.getElementById("live");
  const statusText = document.getElementById("live-text");
  const sound = document.getElementById("sound");
  const title = document.title;
  const PAUSE_MS = 300;
  const APART_MS = 3000;
  const LONGEST_MS = 30000;
  let audio = null;
  let timer = 0;
  let began = 0;
  let due = Infinity;
  let unseen = 0;

  function alarming(page) {
    const rows = Array.from(page.querySelectorAll("#board tr.near, #board tr.outside, #board tr.silent"));
    const news = Array.from(page.querySelectorAll("#board [data-clue], #board [data-alarm]"));
    return new Set(rows.map(function (row) { return row.className + " " + row.dataset.shipment; })
      .concat(news.map(function (one) { return one.dataset.clue || one.dataset.alarm; })));
  }

  function count(more) {
    unseen = more === 0 ? 0 : unseen + more;
    document.title = unseen ? "(" + unseen + ") " + title : title;
  }

  function ring() {
    if (!audio) { return; }
    const now = audio.currentTime;
    [880, 660].forEach(function (pitch, n) {
      const tone = audio.createOscillator();
      const level = audio.createGain();
      tone.frequency.value = pitch;
      level.gain.setValueAtTime(0.15, now + n * 0.25);
      level.gain.exponentialRampToValueAtTime(0.001, now + n * 0.25 + 0.24);
      tone.connect(level).connect(audio.destination);
      tone.start(now + n * 0.25);
      tone.stop(now + n * 0.25 + 0.25);
    });
  }

  async function refresh() {
    due = Infinity;
    began = Date.now();
    try {
      const page = await window.coldwitnessPage();
      if (!page) { return; }
      const before = alarming(document);
      const fresh = Array.from(alarming(page)).filter(function (one) { return !before.has(one); });
      const at = document.activeElement && document.activeElement.closest("#board [data-shipment]");
      document.getElementById("board").replaceChildren(...page.getElementById("board").childNodes);
      if (at) {
        const again = document.querySelector(
          '#board [data-shipment="' + CSS.escape(at.dataset.shipment) + '"] a');
        if (again) { again.focus(); }
      }
      if (fresh.length) { count(fresh.length); ring(); }
    } catch (error) {
      within(APART_MS);
    }
  }

  function within(pause) {
    const at = Math.max(Date.now() + pause, began + APART_MS);
    if (at < due) {
      due = at;
      window.clearTimeout(timer);
      timer = window.setTimeout(refresh, at - Date.now());
    }
  }

  function soon() { within(PAUSE_MS); }

  function sounds(on) {
    sound.textContent = on ? sound.dataset.off : sound.dataset.on;
    sound.setAttribute("aria-pressed", String(on));
  }

  sound.hidden = false;
  sounds(false);
  sound.addEventListener("click", function () {  // a browser lets nothing sound before a click
    if (audio) { audio.close(); audio = null; } else { audio = new AudioContext(); ring(); }
    sounds(Boolean(audio));
  });
  ["focus", "pointerdown", "keydown"].forEach(function (name) {
    window.addEventListener(name, function () { count(0); });
  });
  window.setInterval(soon, LONGEST_MS);  // of a hidden tab too: its title is what is seen of it

  window.coldwitnessListen({
    state: function (now) {
      statusText.textContent = status.dataset[now];
      status.dataset.state = now;
    },
    resumed: soon,
    reading: soon,
    verdict: soon,
    finding: soon,
    clue: soon,
    lost: soon,
  });
})();
