// Small behaviours that pages share. Everything works without them.
(() => {
  "use strict";

  // Show or hide a password: the button says which field it belongs to.
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-reveals]") : null;
    if (!button) return;
    const field = document.getElementById(button.getAttribute("data-reveals"));
    if (!(field instanceof HTMLInputElement)) return;
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    button.textContent = shown ? "Show" : "Hide";
  });
  for (const button of document.querySelectorAll("[data-reveals]")) button.hidden = false;

  // Two-key navigation: g and a letter; single letters for the page's main action.
  let prefix = 0;
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof Element && target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "g") { prefix = Date.now(); return; }
    const key = (Date.now() - prefix < 1500 ? "g " : "") + event.key;
    prefix = 0;
    const link = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (link instanceof HTMLElement) { event.preventDefault(); link.click(); }
  });

  // After a failed form the summary of errors gets the focus.
  const summary = document.querySelector(".error-summary");
  if (summary instanceof HTMLElement) summary.focus();

})();
