
"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const root = document.documentElement;
  for (const one of document.querySelectorAll(".js")) one.hidden = false;

  // Light or dark: the system's choice until the reader makes one. A page opened as a file may have no storage.
  const stored = () => { try { return localStorage.getItem("g2c-theme"); } catch { return null; } };
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  const paint = () => {
    at("theme").setAttribute("aria-pressed", String(isDark()));
  };
  if (["light", "dark"].includes(stored())) root.dataset.theme = stored();
  at("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("g2c-theme", root.dataset.theme); } catch { /* kept for this view only */ }
    paint();
  });
  prefersDark.addEventListener("change", paint);
  paint();

  // What can be filtered, read once from the page itself.
  const files = [...document.querySelectorAll("details.file")].map((element) => ({
    element,
    path: element.querySelector("h3").textContent,
    owners: element.dataset.o.split(" "),
    rows: null,
  }));
  const kinds = { native: "native", bridged: "bridged", left: "left", note: "finding", warning: "finding", error: "finding" };
  const rowsOf = (file) => file.rows ??= [...file.element.querySelectorAll(".i")].map((element) => ({
    element,
    state: kinds[element.classList[1]],
    code: element.dataset.c,
    units: element.dataset.u.split(" "),
    holder: element.closest("ol.code, .natives"),
    text: null,
  }));
  const textOf = (row) => {
    if (row.text === null) {
      const line = row.element.parentElement.firstElementChild;
      row.text = `${row.element.textContent} ${line?.className === "src" ? line.textContent : ""}`.toLowerCase();
    }
    return row.text;
  };
  const states = ["left", "bridged", "native", "finding"];
  const fields = ["q", "path", "unit", "owner", "rule"].filter((id) => at(id));

  // `*` and `?` as in a shell, anywhere in the path; several patterns are divided by commas.
  const matcher = (text) => {
    const patterns = text.split(",").map((one) => one.trim()).filter(Boolean).map((one) =>
      new RegExp(one.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, ".*").replace(/\?/g, "."), "i"));
    return (path) => !patterns.length || patterns.some((one) => one.test(path));
  };

  const apply = () => {
    const on = new Set(states.filter((one) => at("s-" + one).checked));
    const [words, path] = [at("q").value.toLowerCase().split(/\s+/).filter(Boolean), matcher(at("path").value)];
    const unit = at("unit").value, rule = at("rule").value, owner = at("owner")?.value ?? "";
    const narrowed = Boolean(words.length || at("path").value || unit || rule || owner);
    let total = 0, kept = 0, seen = 0;
    const matching = [];
    for (const file of files) {
      const rows = rowsOf(file);
      const fits = path(file.path) && (!owner || file.owners.includes(owner));
      const lower = file.path.toLowerCase();
      let some = false;
      const holders = new Map();
      for (const row of rows) {
        total += 1;
        const shown = fits && (!unit || row.units.includes(unit)) && (!rule || row.code === rule) &&
          words.every((word) => lower.includes(word) || textOf(row).includes(word));
        if (row.element.hidden === shown) row.element.hidden = !shown;
        if (row.holder) holders.set(row.holder, shown || holders.get(row.holder) === true);
        if (shown && on.has(row.state)) { kept += 1; some = true; }
      }
      if (file.element.hidden === some) file.element.hidden = !some;
      if (some) { seen += 1; matching.push(file); }
      for (const [holder, any] of holders) {
        if (holder.hidden === any) holder.hidden = !any;
        if (any && narrowed && on.size === 1 && holder.className === "natives") holder.open = true;
      }
    }
    if (narrowed && matching.length <= 10) for (const file of matching) file.element.open = true;
    at("nothing").hidden = seen > 0 || !files.length;
    at("shown").textContent = `${kept.toLocaleString("en")} of ${total.toLocaleString("en")} rows in ${seen.toLocaleString("en")} of ${files.length.toLocaleString("en")} files`;
    return narrowed || on.size < states.length;
  };

  // The filter stands in the address, so that a view can be handed on.
  const write = () => {
    const wanted = new URLSearchParams();
    for (const id of fields) if (at(id).value) wanted.set(id, labelled(id));
    const off = states.filter((one) => !at("s-" + one).checked);
    if (off.length) wanted.set("without", off.join("+"));
    const hash = wanted.size ? "#?" + wanted : "#files";
    try { history.replaceState(null, "", hash); } catch { /* not where a page has no address */ }
  };
  const labelled = (id) => {
    const field = at(id);
    return field.tagName === "SELECT" && id !== "rule" ? field.selectedOptions[0].textContent : field.value;
  };
  const read = () => {
    if (!location.hash.startsWith("#?")) return false;
    const wanted = new URLSearchParams(location.hash.slice(2));
    for (const id of fields) {
      const value = wanted.get(id) ?? "";
      const field = at(id);
      if (field.tagName === "SELECT" && id !== "rule") {
        field.value = [...field.options].find((one) => value && one.textContent === value)?.value ?? "";
      } else field.value = value;
    }
    const off = (wanted.get("without") ?? "").split(/[+ ]/);
    for (const one of states) at("s-" + one).checked = !off.includes(one);
    return true;
  };

  let waiting = 0;
  const changed = () => { clearTimeout(waiting); waiting = setTimeout(() => { apply(); write(); }, 120); };
  const form = at("filter");
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); write(); }));
  at("unfold").addEventListener("click", () => { for (const file of files) if (!file.element.hidden) file.element.open = true; });
  at("fold").addEventListener("click", () => { for (const file of files) file.element.open = false; });

  // A service, owner or rule that is clicked becomes the filter, alone.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.pick");
    if (!link) return;
    event.preventDefault();
    form.reset();
    setTimeout(() => {
      for (const id of ["unit", "owner", "rule"]) if (link.dataset[id] !== undefined && at(id)) at(id).value = link.dataset[id];
      apply();
      write();
      at("files").scrollIntoView();
      at("q").focus({ preventScroll: true });
    });
  });

  // From a row to its rule and back again to where one was.
  const back = Object.assign(document.createElement("button"), { id: "back", type: "button", textContent: "Back to the code", hidden: true });
  document.body.append(back);
  let from = null;
  document.addEventListener("click", (event) => {
    const link = event.target.closest('#files a[href^="#G2C"]');
    if (link) { from = link; back.hidden = false; }
  });
  back.addEventListener("click", () => {
    back.hidden = true;
    from?.scrollIntoView({ block: "center" });
    from?.focus({ preventScroll: true });
  });

  const follow = () => {
    if (!read()) return false;
    apply();
    at("files").scrollIntoView({ behavior: "instant" });
    return true;
  };
  addEventListener("hashchange", follow);
  follow();
})();
