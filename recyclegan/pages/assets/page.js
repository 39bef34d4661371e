"use strict";

for (const slider of document.querySelectorAll(".slider")) {
  const range = slider.querySelector("input");
  const follow = () => slider.style.setProperty("--split", range.value + "%");
  range.addEventListener("input", follow);
  follow();
}

// What is wider than its box fades where there is more of it.
for (const box of document.querySelectorAll(".scroll, .wide")) {
  const follow = () => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  box.addEventListener("scroll", follow, { passive: true });
  new ResizeObserver(follow).observe(box);
}

// Films are steered from below, where nothing is hidden.
for (const player of document.querySelectorAll(".player")) {
  const video = player.querySelector("video");
  const bar = player.parentElement.querySelector(".bar");
  const play = bar.querySelector(".play");
  const seek = bar.querySelector(".seek");
  const buttons = bar.querySelectorAll(".speed button");
  video.controls = play.hidden = seek.hidden = false;
  const toggle = () => {
    player.dataset.held = String(!video.paused);
    if (video.paused) video.play();
    else video.pause();
  };
  const name = () => { play.textContent = video.paused ? "Play" : "Pause"; };
  const follow = () => {
    if (video.duration) seek.value = video.currentTime / video.duration;
    if (!video.paused) requestAnimationFrame(follow);
  };
  play.addEventListener("click", toggle);
  video.addEventListener("click", toggle);
  video.addEventListener("pause", name);
  video.addEventListener("play", () => { name(); follow(); });
  seek.addEventListener("input", () => {
    player.dataset.held = "true";
    video.pause();
    video.currentTime = seek.value * video.duration;
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      video.playbackRate = Number(button.dataset.rate);
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
  }
}

// On a narrow screen the parts of a film stand below each other, drawn from the one film: they cannot run out of step.
const narrow = matchMedia("(max-width: 40rem)");
for (const player of document.querySelectorAll(".player.parted")) {
  const video = player.querySelector("video");
  const parts = [...player.querySelectorAll(".panels span")].map((name) => {
    const canvas = document.createElement("canvas");
    const heading = document.createElement("span");
    heading.textContent = name.textContent;
    return [heading, canvas];
  });
  const stack = document.createElement("div");
  stack.className = "stack";
  stack.append(...parts.flat());
  stack.addEventListener("click", () => video.click());
  const draw = () => {
    player.classList.toggle("stacked", narrow.matches);
    if (!narrow.matches || !video.videoWidth) return;
    const width = Math.floor(video.videoWidth / parts.length), height = video.videoHeight;
    parts.forEach(([, canvas], i) => {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      canvas.getContext("2d").drawImage(video, i * width, 0, width, height, 0, 0, width, height);
    });
  };
  const follow = () => {
    draw();
    if (!video.paused) requestAnimationFrame(follow);
  };
  for (const event of ["loadeddata", "seeked"]) video.addEventListener(event, draw);
  video.addEventListener("play", follow);
  narrow.addEventListener("change", draw);
  player.append(stack);
  draw();
}

// Films play while they are seen, unless the reader stopped them or prefers stillness.
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const video = target.querySelector("video");
    if (!isIntersecting) video.pause();
    else if (target.dataset.held !== "true") video.play().catch(() => {});
  }
}, { threshold: 0.4 });
if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
  for (const player of document.querySelectorAll(".player")) seen.observe(player);
}

// A cursor over a chart reads every series at that place into the legend.
for (const chart of document.querySelectorAll(".chart[data-values]")) {
  const { first, places, values } = JSON.parse(chart.dataset.values);
  const plot = chart.querySelector(".plot");
  const cursor = plot.querySelector(".cursor");
  const place = chart.querySelector(".place");
  const outputs = chart.querySelectorAll(".legend li:not(.place) output");
  const along = places ?? Array.from({ length: Math.max(...values.map((series) => series.length)) }, (_, i) => first + i);
  const start = along[0], span = along[along.length - 1] - start;
  const hide = () => {
    cursor.hidden = place.hidden = true;
    for (const output of outputs) output.textContent = "";
  };
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    const off = along.map((place) => Math.abs(place - start - share * span));
    const index = off.indexOf(Math.min(...off));
    cursor.hidden = place.hidden = false;
    cursor.style.left = (span ? (100 * (along[index] - start)) / span : 50) + "%";
    place.querySelector("output").textContent = along[index];
    outputs.forEach((output, i) => { output.textContent = values[i][index] ?? "–"; });
  });
  plot.addEventListener("pointerleave", hide);
  hide();
}

// Pictures over time. The place outlives the page's renewal; at the newest, it stays with the newest.
const place = `${location.pathname}#shots`;
const remembered = () => { try { return sessionStorage.getItem(place); } catch { return null; } };
const remember = (when) => { try { sessionStorage.setItem(place, when); } catch { /* then it starts at the newest */ } };
for (const figure of document.querySelectorAll(".shots")) {
  const shots = JSON.parse(figure.dataset.shots);
  const [image, link, seek, play] = ["img", "a", ".seek", ".play"].map((name) => figure.querySelector(name));
  let going = 0;
  const show = (index) => {
    const [file, when] = shots[index];
    seek.value = index;
    image.src = link.href = file;
    figure.querySelector("output").textContent = when;
    remember(index === shots.length - 1 ? "newest" : when);
  };
  const stop = () => { clearInterval(going); going = 0; play.textContent = "Play"; };
  const step = () => {
    const next = (Number(seek.value) + 1) % shots.length;
    show(next);
    if (next === shots.length - 1) stop();
  };
  seek.addEventListener("input", () => { stop(); show(Number(seek.value)); });
  play.addEventListener("click", () => {
    if (going) return stop();
    play.textContent = "Pause";
    going = setInterval(step, 400);
  });
  figure.querySelector(".bar").hidden = shots.length < 2;
  const index = shots.findIndex(([, when]) => when === remembered());
  if (index >= 0) show(index);
}

// Commands are copied by a button, also where the browser keeps its clipboard from pages like this one.
const copied = async (words) => {
  try { await navigator.clipboard.writeText(words); } catch {
    const field = document.createElement("textarea");
    field.value = words;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
};
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copied(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

// A page that should have been written anew by now says so.
for (const written of document.querySelectorAll(".written")) {
  const follow = () => {
    const seconds = Date.now() / 1000 - written.dataset.written, minutes = Math.floor(seconds / 60);
    written.querySelector(".age").textContent = minutes < 1 ? "" : `, ${minutes} min ago`;
    written.querySelector("strong").hidden = !Number(written.dataset.silence) || seconds < written.dataset.silence;
  };
  follow();
  setInterval(follow, 10000);
}

// The page renews itself while it is looked at, but not under a reader's hands.
const renew = Number(document.body.dataset.renew);
if (renew) {
  let touched = 0;
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  setInterval(() => { if (!document.hidden && Date.now() - touched > 5000) location.reload(); }, renew * 1000);
}
