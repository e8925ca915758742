// Keeps what changes on a page as it is at the marketplace: waits until something has
// changed there, asks for the page again, and puts the parts that differ in the place
// of those that are shown. What was ticked or typed elsewhere on the page stays.
"use strict";
(async () => {
  let version = document.body.dataset.live;
  const pause = ms => new Promise(done => setTimeout(done, ms));

  const renew = async () => {
    const answer = await fetch(location.href, {cache: "no-store"});
    if (!answer.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = [];
    for (const part of now.querySelectorAll("[data-part]")) {
      const shown = document.getElementById(part.id);
      if (!shown) {
        document.getElementById("seats")?.append(document.adoptNode(part));
        continue;
      }
      if (shown.outerHTML === part.outerHTML) continue;
      if (part.dataset.say) said.push(part.dataset.say);
      const focused = shown.contains(document.activeElement) ? document.activeElement.outerHTML : "";
      shown.replaceWith(document.adoptNode(part));
      if (focused) { // whoever goes by keyboard stays where they were, or comes to the content
        const same = [...part.querySelectorAll("a, button, input")].find(e => e.outerHTML === focused);
        (same ?? document.getElementById("content")).focus();
      }
    }
    for (const shown of document.querySelectorAll("li[data-part]")) {
      if (!now.getElementById(shown.id) && !said.includes(shown.dataset.say)) shown.remove();
    }
    document.title = now.title;
    if (said.length) document.getElementById("news").textContent = said.join(" ");
    version = now.body.dataset.live ?? "";
  };

  while (version) {
    try {
      const answer = await fetch("/changes?after=" + version, {cache: "no-store"});
      if (!answer.ok) throw new Error(answer.status);
      if (String((await answer.json()).version) !== version) await renew();
    } catch {
      await pause(3000); // the marketplace is away, or full of visitors
    }
  }
})();
