// The report's only script: it plays the films, opens the film that a link names, and reads curves under the pointer. Without it the page reads the same,
// and each film shows its first picture.

/** Seconds for which a film shows its end before it begins again. */
const rest = 1.5;

export const script = `
for (const film of document.querySelectorAll(".film")) {
  const [slider, button, clock] = ["input", "button", "output"].map((name) => film.querySelector(name));
  const end = Number(slider.max);
  const shots = [...film.querySelectorAll(".shot")].map((shot) => {
    const { fps, seconds, columns, rows, values } = shot.dataset;
    const [image, svg, reading, cursor] = ["img", ".value", ".reading", ".cursor"].map((name) => shot.querySelector(name));
    const { left, right } = JSON.parse(svg.dataset.area);
    const course = values.split(" ");
    return (time) => {
      const now = Math.min(time, Number(seconds));
      const ended = time >= Number(seconds);
      const at = ended ? course.length - 1 : Math.min(course.length - 1, Math.floor(now * fps));
      image.style.transform = "translate(" + -100 * (at % columns) / columns + "%," + -100 * Math.floor(at / columns) / rows + "%)";
      cursor.setAttribute("transform", "translate(" + (left + (right - left) * now / end) + ")");
      reading.textContent = course[at] === "" ? "" : Number(course[at]).toFixed(2).replace("-", "\\u2212");
      shot.classList.toggle("ended", ended);
    };
  });
  let time = 0, last = 0, playing = false, visible = false;
  let wanted = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = () => {
    slider.value = Math.min(time, end);
    clock.textContent = Math.min(time, end).toFixed(1) + "\\u00a0s";
    for (const shot of shots) shot(time);
  };
  const step = (now) => {
    if (!playing) return;
    time += (now - last) / 1000;
    last = now;
    if (time > end + ${rest}) time = 0;
    show();
    requestAnimationFrame(step);
  };
  const play = () => {
    const begins = wanted && visible && !playing;
    playing = wanted && visible;
    button.textContent = wanted ? "Pause" : "Play";
    if (begins) requestAnimationFrame((now) => { last = now; step(now); });
  };
  button.addEventListener("click", () => { wanted = !wanted; play(); });
  slider.addEventListener("input", () => { wanted = false; play(); time = Number(slider.value); show(); });
  for (const svg of film.querySelectorAll(".value")) svg.addEventListener("click", (event) => {
    const { left, right } = JSON.parse(svg.dataset.area);
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    time = Math.max(0, Math.min(end, end * (x - left) / (right - left)));
    show();
  });
  new IntersectionObserver(([entry]) => { visible = entry.isIntersecting; play(); }).observe(film.querySelector(".pair"));
  show();
}
for (const svg of document.querySelectorAll("svg.readable")) {
  const { left, right } = JSON.parse(svg.dataset.area);
  const readings = svg.dataset.readings.split("|");
  const step = Number(svg.dataset.step);
  const [cursor, reading] = [".cursor", ".reading"].map((name) => svg.querySelector(name));
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    const at = Math.floor((x - left) / (right - left) * readings.length);
    const inside = at >= 0 && at < readings.length;
    cursor.setAttribute("visibility", inside ? "visible" : "hidden");
    if (inside) cursor.setAttribute("transform", "translate(" + (left + (right - left) * (at + 0.5) / readings.length) + ")");
    reading.textContent = inside ? (step === 1 ? "frame " + at : (at * step).toFixed(1) + "\u00a0s") + ": " + readings[at] : "";
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); reading.textContent = ""; });
}
const openTarget = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", openTarget);
openTarget();
`;
