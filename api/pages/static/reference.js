/* The API's documentation, drawn by Swagger UI from /openapi.json of this server. Without script the
   page has a list instead. What is tried from here is tried as who signed in. */
(function () {
  "use strict";
  const at = document.getElementById("reference");
  const csrf = at.dataset.csrf;
  window.SwaggerUIBundle({
    url: "/openapi.json",
    domNode: at,
    deepLinking: true,
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
