(() => {
  const box = document.getElementById("live");
  if (!box) return;
  const show = (id, text) => { const e = document.getElementById("live-" + id); if (e.textContent !== text) e.textContent = text; };
  const number = n => n.toLocaleString("en-US");
  let said = 0;
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) return;
      const p = await answer.json();
      if (p.status !== box.dataset.status) { location.reload(); return; }
      const bar = document.getElementById("live-bar");
      bar.max = p.total; bar.value = p.finished;
      show("accepted", number(p.counts.accepted)); show("pending", number(p.counts.pending)); show("rate", number(p.per_minute));
      if (Date.now() - said > 15000) { show("text", p.text); said = Date.now(); } // read aloud: not every three seconds
    } catch { /* the next time */ }
  };
  setInterval(ask, 3000);
})();
