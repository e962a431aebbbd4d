/* Brings the menu's present entry into view, and makes the pages an app that can be installed. What its worker keeps are style sheets, scripts and
   marks of the pages alone. */
(function () {
  "use strict";
  const menu = document.querySelector(".menu"), here = menu && menu.querySelector("[aria-current]");
  if (here) {  // on a phone the menu is one line, wider than the screen
    const off = here.getBoundingClientRect().left - menu.getBoundingClientRect().left;
    menu.scrollLeft += off - (menu.clientWidth - here.offsetWidth) / 2;
  }
  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/app-worker.js").catch(function () { /* a page is a page */ });
  }
})();
