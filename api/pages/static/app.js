/* Makes the pages an app that can be installed. What its worker keeps are style sheets, scripts and
   marks of the pages alone. */
(function () {
  "use strict";
  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/app-worker.js").catch(function () { /* a page is a page */ });
  }
})();
