// Choosing seats: whole rows and sections at once, the count and the sum of what is
// chosen, and the section on the plan that one is at in the list. The form works
// without it.
"use strict";
(() => {
  const seats = within => [...within.querySelectorAll("input[name=token]")];

  // What is chosen, in words. The words change once for a choice of many.
  const tell = form => {
    const chosen = seats(form).filter(seat => seat.checked);
    const tally = form.querySelector("output");
    const {currency, digits} = form.dataset;
    let words = "Nothing is chosen yet.";
    if (chosen.length) {
      words = chosen.length === 1 ? "1 seat chosen" : chosen.length + " seats chosen";
      const sum = chosen.reduce((all, seat) => all + Number(seat.dataset.face), 0);
      if (sum && currency) words += ", face value " + money(sum / 10 ** digits, currency, digits);
    }
    if (tally && tally.textContent !== words) tally.textContent = words;
    for (const button of form.querySelectorAll("[data-whole]")) {
      const own = seats(button.closest("fieldset"));
      button.hidden = own.length < 2;
      button.setAttribute("aria-pressed", String(own.length > 0 && own.every(seat => seat.checked)));
    }
  };

  const money = (amount, currency, digits) => {
    try {
      return new Intl.NumberFormat("en", {style: "currency", currency}).format(amount);
    } catch {
      return currency + " " + amount.toFixed(digits); // a currency that is none
    }
  };

  // The section one is at: where the focus is, or what is in the upper half of the screen.
  const here = section => {
    const event = section?.closest(".event");
    for (const mark of event?.querySelectorAll(".plan [data-section]") ?? []) {
      mark.classList.toggle("here", mark.dataset.section === section.dataset.section);
    }
  };
  let byKeyboard = false;
  addEventListener("keydown", () => byKeyboard = true);
  for (const kind of ["wheel", "touchstart", "pointerdown"]) addEventListener(kind, () => byKeyboard = false, {passive: true});
  const reading = new IntersectionObserver(entries => {
    if (byKeyboard) return;
    for (const entry of entries) if (entry.isIntersecting) here(entry.target);
  }, {rootMargin: "-25% 0px -70% 0px"});

  const begin = form => {
    form.addEventListener("change", () => tell(form));
    form.addEventListener("click", event => {
      const button = event.target.closest("[data-whole]");
      if (!button) return;
      const all = button.getAttribute("aria-pressed") !== "true";
      for (const seat of seats(button.closest("fieldset"))) seat.checked = all;
      tell(form);
    });
    form.addEventListener("focusin", event => here(event.target.closest("[data-section]")));
    for (const section of form.querySelectorAll("fieldset[data-section]")) reading.observe(section);
    tell(form);
  };
  const forms = () => document.querySelectorAll("form.chooser");
  forms().forEach(begin);
  addEventListener("pageshow", () => forms().forEach(tell)); // a browser that goes back has the boxes ticked
  addEventListener("seats-changed", () => forms().forEach(tell));
  addEventListener("page-renewed", () => forms().forEach(begin));
})();
