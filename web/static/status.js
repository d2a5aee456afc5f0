// Keeps a public page live and puts times into the reader's zone. The page is complete without it, and is painted before it.
requestAnimationFrame(() => setTimeout(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const words = JSON.parse(one("main").dataset.words), counted = (text, n) => ` (${text.replace("{n}", n)})`;
  const exact = new Intl.DateTimeFormat(words.lang === "en" ? "en-GB" : words.lang, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const clock = new Intl.DateTimeFormat(words.lang === "en" ? "en-GB" : words.lang, { hour: "2-digit", minute: "2-digit" });
  let known = one("main").dataset.version, heard = 0, source;

  const ago = (then) => {
    const minutes = Math.floor((Date.now() - then) / 6e4);
    return minutes < 1 ? ` (${words.now})` : minutes < 60 ? counted(words.min, minutes) : minutes < 1440 ? counted(words.h, Math.floor(minutes / 60)) : "";
  };
  const times = () => document.querySelectorAll("time").forEach((time) => {
    const then = new Date(time.dateTime);
    time.title = `${exact.format(then)} = ${then.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    time.textContent = exact.format(then) + ("ago" in time.dataset ? ago(then) : "");
  });
  const zone = one("#zone");
  if (zone) zone.textContent = words.zone.replace("{own}", exact.resolvedOptions().timeZone);
  const say = (live) => {
    const line = one("#as-of");
    if (!line) return;
    line.className = live ? "live" : "lost";
    line.textContent = live ? words.live : `${words.lost} ${clock.format(heard || new Date(line.dataset.at))}`;
  };
  const keep = () => {
    const time = one("#as-of time");
    if (time) one("#as-of").dataset.at = time.dateTime;
    times();
  };
  // Swaps what changed, and leaves scroll, focus and the announced headline where they are.
  const load = async () => {
    const answer = await fetch(location.pathname, { cache: "no-cache" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [head, rest] = [one("#headline"), one("#rest")], [newHead, newRest] = [one("#headline", fresh), one("#rest", fresh)];
    if (!newHead || !newRest) return location.reload();
    const href = rest.contains(document.activeElement) && document.activeElement.getAttribute("href");
    document.title = fresh.title;
    if (head.outerHTML !== newHead.outerHTML) {
      head.className = newHead.className;
      head.replaceChildren(...newHead.childNodes);
    }
    rest.replaceWith(newRest);
    if (href) one(`a[href="${href}"]`, newRest)?.focus({ preventScroll: true });
    keep();
    say(true);
  };
  const connect = () => {
    source?.close();
    if (document.hidden) return;
    source = new EventSource("/live");
    source.addEventListener("alive", () => { heard = Date.now(); say(true); });
    source.addEventListener("changed", ({ data }) => {
      const first = !heard;
      heard = Date.now();
      say(true);
      if (data === known) return;
      known = data;
      // Spread over a second, so that a crowd does not come back at once.
      setTimeout(() => load().catch(() => { known = ""; say(false); setTimeout(connect, 5e3); }), first ? 0 : Math.random() * 1e3);
    });
    source.onerror = () => {
      say(false);
      if (source.readyState === 2) setTimeout(connect, 4e3 + Math.random() * 4e3);
    };
  };

  keep();
  connect();
  setInterval(times, 3e4);
  setInterval(() => { if (heard && Date.now() - heard > 5e4) { say(false); connect(); } }, 1e4);
  document.addEventListener("visibilitychange", connect);
}));
