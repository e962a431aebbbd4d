/* On a phone the long parts of a page begin folded, and open where somebody goes to them. Without
   script, on a wide screen and on paper all of them are open. */
(function () {
  "use strict";
  const parts = Array.from(document.querySelectorAll("details.part"));

  function unfold(name) {
    const to = name.length > 1 ? document.getElementById(decodeURIComponent(name.slice(1))) : null;
    if (!to) { return; }
    const part = to.querySelector(":scope > details.part") || to.closest("details.part");
    if (part) { part.open = true; }
    to.scrollIntoView();
  }

  if (window.matchMedia("(max-width: 800px)").matches) {
    parts.forEach(function (part) { part.open = Boolean(part.querySelector(".wrong")); });
    unfold(window.location.hash);
  }
  document.addEventListener("click", function (event) {
    const link = event.target.closest('a[href^="#"]');
    if (link) { unfold(link.hash); }
  });
  window.addEventListener("hashchange", function () { unfold(window.location.hash); });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.part").forEach(function (part) { part.open = true; });
  });
})();
