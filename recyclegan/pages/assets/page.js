"use strict";

for (const slider of document.querySelectorAll(".slider")) {
  const range = slider.querySelector("input");
  const follow = () => slider.style.setProperty("--split", range.value + "%");
  range.addEventListener("input", follow);
  follow();
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

// Films play while they are seen, unless the reader stopped them or prefers stillness.
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) target.pause();
    else if (target.closest(".player")?.dataset.held !== "true") target.play().catch(() => {});
  }
}, { threshold: 0.4 });
if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
  for (const video of document.querySelectorAll("video")) seen.observe(video);
}

// A cursor over a chart reads every series at that place into the legend.
for (const chart of document.querySelectorAll(".chart[data-values]")) {
  const { first, values } = JSON.parse(chart.dataset.values);
  const plot = chart.querySelector(".plot");
  const cursor = plot.querySelector(".cursor");
  const place = chart.querySelector(".place");
  const outputs = chart.querySelectorAll(".legend li:not(.place) output");
  const last = Math.max(...values.map((series) => series.length)) - 1;
  const hide = () => {
    cursor.hidden = place.hidden = true;
    for (const output of outputs) output.textContent = "";
  };
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    const index = Math.round(share * last);
    cursor.hidden = place.hidden = false;
    cursor.style.left = (last ? (100 * index) / last : 50) + "%";
    place.querySelector("output").textContent = first + index;
    outputs.forEach((output, i) => { output.textContent = values[i][index] ?? "–"; });
  });
  plot.addEventListener("pointerleave", hide);
  hide();
}
