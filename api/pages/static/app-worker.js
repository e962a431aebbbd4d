/* Keeps what lies under /static/ and nothing else: no page, no reading, no report stays on a phone.
   The address of each file names its bytes, so that what is kept is never old. */
"use strict";
const KEPT = "coldwitness-static";

self.addEventListener("install", function () { self.skipWaiting(); });
self.addEventListener("activate", function (event) { event.waitUntil(self.clients.claim()); });

async function keptOrNew(request, path) {
  const kept = await caches.open(KEPT);
  const known = await kept.match(request);
  if (known) { return known; }
  const answer = await fetch(request);
  if (answer.ok) {
    await kept.delete(path, { ignoreSearch: true });  // the file as it was before
    await kept.put(request, answer.clone());
  }
  return answer;
}

self.addEventListener("fetch", function (event) {
  const asked = new URL(event.request.url);
  const ours = asked.origin === self.location.origin && asked.pathname.startsWith("/static/") &&
    asked.searchParams.has("v");
  if (event.request.method === "GET" && ours) {
    event.respondWith(keptOrNew(event.request, asked.pathname));
  }
});
