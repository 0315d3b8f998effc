(() => {
  const box = document.getElementById("live");
  if (!box) return;
  const show = (e, text) => { if (e && e.textContent !== text) e.textContent = text; };
  let said = 0;
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) return;
      const p = await answer.json();
      if (p.status !== box.dataset.status) { location.reload(); return; }
      const bar = document.getElementById("live-bar");
      if (p.total) { bar.max = p.total; bar.value = p.finished; }
      for (const e of box.querySelectorAll("[data-live]")) { // a figure, by its path in the answer: "counts.accepted"
        const n = e.dataset.live.split(".").reduce((v, name) => v && v[name], p);
        if (typeof n === "number") show(e, n.toLocaleString("en-US"));
      }
      if (Date.now() - said > 15000) { show(document.getElementById("live-text"), p.text); said = Date.now(); } // read aloud: not every three seconds
    } catch { /* the next time */ }
  };
  setInterval(ask, 3000);
})();
