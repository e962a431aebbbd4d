/* One event stream for all tabs of a browser: the tab that holds the lock listens to /v1/live and
   tells the others. A tab that nobody looks at neither listens nor is told; once it is looked at
   again it is told `resumed`, and asks the server for what it missed.

   coldwitnessListen({ state: function (name) {}, resumed: function () {}, reading: …, verdict: … })
   state : `on` (connected), `stale` (connected, but nothing was heard for too long), `broken`
   (trying again), `closed` (the server lets nobody in any more).

   coldwitnessPage() : this page as the server has it now, a Document; null where the session is
   over and the page is loaded anew. Throws where the server has none or does not answer. */
(function () {
  "use strict";
  const EVENTS = ["reading", "finding", "verdict", "clue", "lost", "beat"];
  const NAME = "coldwitness-live";
  const STALE_MS = 40000;
  const LOOK_MS = 2000;
  const AGAIN_MS = 15000;

  window.coldwitnessPage = async function () {
    const answer = await fetch(window.location.href, { headers: { "X-Listening": "yes" } });
    if (answer.status === 401) { window.location.reload(); return null; }
    if (!answer.ok) { throw new Error(String(answer.status)); }
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  window.coldwitnessListen = function (told) {
    const shared = "locks" in navigator && "BroadcastChannel" in window;
    const channel = shared ? new BroadcastChannel(NAME) : null;
    let letGo = null;
    let asking = null;
    let source = null;
    let heard = Date.now();
    let state = "";

    function say(now) {
      if (now !== state) { state = now; if (told.state) { told.state(now); } }
    }

    function take(message) {
      if (document.hidden) { return; }
      heard = Date.now();
      if (message.state) { say(message.state); return; }
      say("on");
      if (told[message.name]) { told[message.name](message.data); }
    }

    function tell(message) {
      take(message);
      if (channel) { channel.postMessage(message); }
    }

    function open() {
      source = new EventSource("/v1/live");
      source.addEventListener("open", function () { tell({ state: "on" }); });
      source.addEventListener("error", function () {
        const closed = source && source.readyState === EventSource.CLOSED;
        tell({ state: closed ? "closed" : "broken" });
        if (closed) { window.setTimeout(reopen, AGAIN_MS, source); }
      });
      EVENTS.forEach(function (name) {
        source.addEventListener(name, function (event) {
          tell({ name: name, data: event.data ? JSON.parse(event.data) : {} });
        });
      });
    }

    /* A browser gives up where the server is full or lets nobody in; that may pass. */
    function reopen(given_up) {
      if (source === given_up) { close(); open(); }
    }

    function close() {
      if (source) { source.close(); source = null; }
    }

    function join() {
      if (!shared) { if (!source) { open(); } return; }
      if (asking) { return; }
      asking = new AbortController();
      navigator.locks.request(NAME, { signal: asking.signal }, function () {
        return new Promise(function (release) {
          letGo = release;
          open();
        });
      }).catch(function () {});  // given up while it waited
      channel.postMessage({ ask: true });
    }

    function leave() {
      close();
      if (letGo) { letGo(); letGo = null; }
      if (asking) { asking.abort(); asking = null; }
    }

    if (channel) {
      channel.addEventListener("message", function (event) {
        if (!event.data.ask) { take(event.data); return; }
        if (source) { channel.postMessage({ state: state || "broken" }); }
      });
    }
    document.addEventListener("visibilitychange", function () {
      if (document.hidden) { leave(); return; }
      heard = Date.now();
      join();
      if (told.resumed) { told.resumed(); }
    });
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", function (event) { if (event.persisted) { join(); } });
    window.setInterval(function () {
      if (!document.hidden && state === "on" && Date.now() - heard > STALE_MS) { say("stale"); }
    }, LOOK_MS);
    if (!document.hidden) { join(); }
  };
})();
