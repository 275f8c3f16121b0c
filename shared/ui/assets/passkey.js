// Passkeys: a button begins a ceremony at the server, lets the browser carry it out and sends back
// what came of it. Without this script the pages do everything else.
(() => {
  "use strict";

  /** @param {string} text @returns {ArrayBuffer} */
  const decode = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
  };

  /** @param {ArrayBuffer} bytes @returns {string} */
  const encode = (bytes) => {
    const plain = String.fromCharCode(...new Uint8Array(bytes));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  /** @param {{id: string}[] | undefined} list */
  const credentials = (list) => list?.map((item) => ({ ...item, id: decode(item.id) }));

  /** What the browser takes, of what the server sent. @param {any} json */
  const optionsOf = (json) => ({
    ...json,
    challenge: decode(json.challenge),
    ...(json.user && { user: { ...json.user, id: decode(json.user.id) } }),
    ...(json.allowCredentials && { allowCredentials: credentials(json.allowCredentials) }),
    ...(json.excludeCredentials && { excludeCredentials: credentials(json.excludeCredentials) }),
  });

  /** What the server takes, of what the browser made. @param {any} made */
  const resultOf = (made) => {
    const answer = made.response;
    const response = answer.attestationObject
      ? {
          attestationObject: encode(answer.attestationObject),
          clientDataJSON: encode(answer.clientDataJSON),
          transports: answer.getTransports?.() ?? [],
        }
      : {
          authenticatorData: encode(answer.authenticatorData),
          clientDataJSON: encode(answer.clientDataJSON),
          signature: encode(answer.signature),
          userHandle: answer.userHandle ? encode(answer.userHandle) : null,
        };
    return {
      id: made.id,
      rawId: encode(made.rawId),
      type: made.type,
      extensions: made.getClientExtensionResults(),
      response,
    };
  };

  /** @param {string} path @param {unknown} body */
  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    const json = text ? JSON.parse(text) : {};
    if (!answer.ok) throw new Refused(json.detail ?? json.title ?? "The server refused.");
    return json;
  };

  class Refused extends Error {}

  /** Why it did not work, for people. @param {unknown} error */
  const reason = (error) => {
    if (error instanceof Refused) return error.message;
    if (error instanceof DOMException && error.name === "InvalidStateError") {
      return "This device has a passkey for your account already.";
    }
    if (error instanceof DOMException && error.name === "NotAllowedError") {
      return "No passkey was used. Try again, or take another way.";
    }
    return "The passkey could not be used. Try again, or take another way.";
  };

  /** @type {AbortController | undefined} */
  let running;

  /**
   * One ceremony, from the first request to the next page.
   * @param {HTMLElement} part @param {CredentialMediationRequirement} [mediation]
   */
  const ceremony = async (part, mediation) => {
    running?.abort();
    running = new AbortController();
    const { begin, finish, wrap, then: next } = part.dataset;
    const name = part.querySelector("input")?.value.trim();
    const begun = await post(begin, {});
    const publicKey = optionsOf(begun.options.publicKey);
    const wish = { publicKey, signal: running.signal };
    const made = publicKey.user
      ? await navigator.credentials.create(wish)
      : await navigator.credentials.get({ ...wish, ...(mediation && { mediation }) });
    const proof = { ceremony: begun.ceremony, credential: resultOf(made) };
    const body = name === undefined ? proof : { ...proof, name };
    const answer = await post(finish, wrap ? { [wrap]: body } : body);
    if (answer.recovery_codes?.length) show(part, answer.recovery_codes);
    else location.assign(next);
  };

  /** Recovery codes, the one time that they are shown. @param {HTMLElement} part @param {string[]} codes */
  const show = (part, codes) => {
    const make = (/** @type {string} */ tag, /** @type {string} */ text) => {
      const element = document.createElement(tag);
      element.textContent = text;
      return element;
    };
    const list = document.createElement("ul");
    list.className = "codes";
    list.append(...codes.map((code) => {
      const item = document.createElement("li");
      item.append(make("code", code));
      return item;
    }));
    const title = make("h2", "Keep your recovery codes");
    title.tabIndex = -1;
    const text = "If you lose the passkey, each of these codes lets you in once. They are shown now and never again.";
    const onwards = /** @type {HTMLAnchorElement} */ (make("a", "I have kept them"));
    onwards.className = "button primary wide";
    onwards.href = part.dataset.then;
    part.replaceChildren(title, make("p", text), list, onwards);
    title.focus();
  };

  /** @param {HTMLElement} part */
  const prepare = (part) => {
    const button = part.querySelector("button");
    const message = part.querySelector("[role=alert]");
    part.hidden = false;
    button?.addEventListener("click", async () => {
      button.disabled = true;
      message?.setAttribute("hidden", "");
      try {
        await ceremony(part);
      } catch (error) {
        if (message) {
          message.textContent = reason(error);
          message.removeAttribute("hidden");
        }
        button.disabled = false;
        button.focus();
      }
    });
    if (part.hasAttribute("data-conditional")) offer(part);
  };

  /** Lets the browser offer passkeys in the field for the address. @param {HTMLElement} part */
  const offer = async (part) => {
    const field = document.querySelector('input[autocomplete~="webauthn"]');
    if (!field || !(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const begin = () => ceremony(part, "conditional").catch(() => {});
    field.addEventListener("focus", begin, { once: true });
  };

  if (!window.PublicKeyCredential) return;
  for (const part of document.querySelectorAll("[data-passkey]")) {
    if (part instanceof HTMLElement) prepare(part);
  }
})();
