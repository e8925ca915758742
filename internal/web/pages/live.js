// Keeps a page of MyAccount as the box office has it: hears by server-sent events what
// becomes of one's seats, and says when it hears nothing.
"use strict";
(() => {
  const line = document.getElementById("line");
  const news = document.getElementById("news");
  if (!line) return;
  const silent = 40_000; // two beats and some
  const again = 3_000;
  let after = line.dataset.live;
  let source, watch;

  // The words change once, and only then are they read out.
  const say = (words, lost) => {
    if (line.textContent !== words) line.textContent = words;
    line.classList.toggle("lost", Boolean(lost));
  };

  const heard = event => {
    if (event.lastEventId) after = line.dataset.live.replace(/after=.*/, "after=" + encodeURIComponent(event.lastEventId));
    say("Live");
    clearTimeout(watch);
    watch = setTimeout(lose, silent);
  };

  // A line that the browser gives up, or on which nothing comes, is opened anew.
  const lose = () => {
    clearTimeout(watch);
    source.close();
    say("The line is lost. What you see may be old; trying again.", true);
    setTimeout(async () => await renew() && connect(), again);
  };

  const connect = () => {
    source = new EventSource(after);
    source.onerror = () => {
      say("The line is lost. What you see may be old; trying again.", true);
      if (source.readyState === EventSource.CLOSED) lose();
    };
    source.addEventListener("beat", heard);
    source.addEventListener("seats", event => {
      heard(event);
      const changes = JSON.parse(event.data);
      const shown = changes.map(show);
      if (shown.includes(undefined)) queue();
      dispatchEvent(new Event("seats-changed"));
      tell(shown.filter(Boolean));
    });
    source.addEventListener("anew", event => { heard(event); queue(); });
    source.addEventListener("over", signedOut);
  };

  const signedOut = () => {
    clearTimeout(watch);
    source.close();
    say("You are signed out. Load the page again to sign in.", true);
  };

  const tell = words => {
    if (words.length) news.textContent = words.length > 3 ? words.length + " seats have changed." : words.join(" ");
  };

  // The row of a seat, as it is now; what a page shows that has no such rows is asked for.
  const show = ({seat, state, words}) => {
    const row = document.querySelector(`li[data-seat="${CSS.escape(seat)}"]`);
    if (!row) return undefined;
    words = words || row.dataset.else;
    const name = row.querySelector("bdi").textContent;
    const choose = state === "free";
    const before = row.querySelector("input");
    const focused = row.contains(document.activeElement);
    const face = choose ? document.createElement("label") : document.createElement("div");
    if (choose) {
      const box = before ?? Object.assign(document.createElement("input"), {type: "checkbox", name: "token", value: seat});
      box.dataset.face = row.dataset.face;
      face.append(box, " ");
    } else {
      face.className = "taken";
    }
    const at = document.createElement("bdi");
    at.textContent = name;
    const how = document.createElement("span");
    how.className = "state";
    how.textContent = words;
    face.append(at, " ", how);
    row.replaceChildren(face);
    row.classList.add("changed");
    if (focused) { // whoever goes by keyboard stays where they were
      if (!choose) face.tabIndex = -1;
      (choose ? face.querySelector("input") : face).focus();
    }
    return row.dataset.place + ": " + words + ".";
  };

  // A page that cannot be told what changed asks for itself, at most once in a while.
  let queued;
  const queue = () => queued ??= setTimeout(async () => { queued = undefined; await renew(); }, 300);

  // renew puts what the page says now in the place of what is shown. It returns false
  // where there is nothing more to come.
  const renew = async () => {
    try {
      const answer = await fetch(location.href, {cache: "no-store"});
      if (new URL(answer.url).pathname !== location.pathname) {
        signedOut();
        return false;
      }
      if (!answer.ok) return true;
      const now = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
      const shown = document.getElementById("content");
      if (!now || !shown) return true;
      const ticked = new Set([...shown.querySelectorAll("input:checked")].map(box => box.name + " " + box.value));
      const focus = document.activeElement;
      const focused = shown.contains(focus) ? [focus.name, focus.value, focus.textContent] : null;
      shown.replaceWith(document.adoptNode(now));
      for (const box of now.querySelectorAll("input[type=checkbox], input[type=radio]")) box.checked = ticked.has(box.name + " " + box.value) || box.checked;
      dispatchEvent(new Event("page-renewed"));
      if (focused) {
        const same = [...now.querySelectorAll("a, button, input")].find(e => e.name === focused[0] && e.value === focused[1] && e.textContent === focused[2]);
        now.tabIndex = -1;
        (same ?? now).focus({preventScroll: Boolean(same)});
      }
      news.textContent = "The page is up to date.";
    } catch {
      // The box office is away: the line says so.
    }
    return true;
  };

  connect();
})();
