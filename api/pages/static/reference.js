/* The API's documentation, drawn by Swagger UI from /openapi.json of this server. Without script the
   page has a list instead. What is tried from here is tried as who signed in. */
(function () {
  "use strict";
  const at = document.getElementById("reference");
  const csrf = at.dataset.csrf;

  /* What the viewer leaves without a name or out of the keyboard's reach, named as it is drawn. */
  function named(field) {
    const row = field.closest("tr[data-param-name]");
    if (row) { return row.dataset.paramName; }
    if (field.closest(".response-control-media-type, .responses-wrapper")) { return at.dataset.answer; }
    return at.dataset.body;
  }

  function mend() {
    at.querySelectorAll("select, textarea, input").forEach(function (field) {
      if (!field.labels.length && !field.getAttribute("aria-label")) {
        field.setAttribute("aria-label", named(field));
      }
    });
    at.querySelectorAll(".close-modal:not([aria-label])").forEach(function (button) {
      button.setAttribute("aria-label", at.dataset.close);
    });
    at.querySelectorAll("pre:not([tabindex]), .table-container:not([tabindex])").forEach(function (one) {
      one.tabIndex = 0;
    });
    at.querySelectorAll("main:not([role])").forEach(function (one) {
      one.setAttribute("role", "group");  // a page has one main part, and this lies in it
    });
    at.querySelectorAll("table[role=region]:not([aria-label])").forEach(function (one) {
      one.setAttribute("aria-label", one.id);
    });
  }

  new MutationObserver(mend).observe(at, { childList: true, subtree: true });
  window.SwaggerUIBundle({
    url: "/openapi.json",
    domNode: at,
    deepLinking: false,  // its links lie within buttons, which no keyboard tells apart
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    filter: true,
    validatorUrl: null,
    requestInterceptor: function (request) {
      if (csrf) { request.headers["X-CSRF-Token"] = csrf; }
      return request;
    },
  });
})();
