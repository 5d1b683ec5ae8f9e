// Asks for /console/data each second and writes it into the page as it stands; everything it shows was put into words and
// paths by the program. It draws nothing itself, and keeps nothing.
'use strict';

const PERIOD = 1000; // milliseconds
const PATIENCE = 4000;

const banner = document.getElementById('banner');
const pause = document.getElementById('pause');
let paused = false;
let away = false;
let circuit = null;
let asking = null;
let timer = null;

/** Changes the text only where it differs, so that selections and readers are left in peace. */
function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function set(element, name, value) {
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function showChart(chart) {
  const card = document.getElementById(`chart-${chart.id}`);
  if (!card) return;
  set(card, 'data-level', chart.level);
  write(card.querySelector('.badge'), chart.word);
  write(card.querySelector('.now'), chart.now);
  write(card.querySelector('.top-label'), chart.top);
  write(card.querySelector('.since'), chart.since);
  write(card.querySelector('.note'), chart.note);
  set(card.querySelector('.plot svg'), 'aria-label', chart.summary);
  set(card.querySelector('.area'), 'd', chart.area);
  const paths = card.querySelectorAll('.plot .line');
  const figures = card.querySelectorAll('.legend b');
  const rows = document.querySelectorAll(`#rows-${chart.id} tr`);
  [...chart.lines, ...chart.beside].forEach((line, place) => {
    if (place < paths.length) set(paths[place], 'd', line.path);
    write(figures[place], line.now);
    const [, now, lowest, highest] = rows[place]?.querySelectorAll('td') ?? [];
    write(now, line.bounds ? `${line.now} (${line.bounds})` : line.now);
    write(lowest, line.lowest);
    write(highest, line.highest);
  });
}

function showPart(part) {
  const item = document.getElementById(`part-${part.name}`);
  set(item, 'data-state', part.state);
  write(item?.querySelector('b'), part.word);
}

function showControl(name, control) {
  write(document.getElementById(`${name}-word`), control.word);
  for (const button of document.querySelectorAll(`[data-control="${name}"] button`)) {
    set(button, 'aria-pressed', String(button.value === control.state));
  }
}

/** The one change that is said aloud: what the page is there to show. */
function announce(charts) {
  const now = charts.find((chart) => chart.id === 'circuits')?.now;
  if (!now || now === 'half-open') return; // it may be that again and again
  if (circuit !== null && now !== circuit) write(banner, `The circuit to the payment gateway is ${now}.`);
  circuit = now;
}

function show(view) {
  write(document.getElementById('phase'), view.phase);
  view.parts.forEach(showPart);
  view.charts.forEach(showChart);
  for (const [name, control] of Object.entries(view.panel ?? {})) showControl(name, control);
  announce(view.charts);
}

async function ask() {
  try {
    const answer = await fetch('/console/data', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const view = await answer.json();
    if (away) write(banner, 'The process answers again.');
    away = false;
    show(view);
  } catch {
    if (!away) {
      const time = new Date().toLocaleTimeString();
      write(banner, `The process does not answer since ${time}. What you see is older; it is asked again each second.`);
    }
    away = true;
  }
  set(document.body, 'data-away', String(away));
}

/** One question at a time; none while the page is paused or nobody sees it. */
function turn() {
  clearTimeout(timer);
  if (paused || document.hidden) return;
  asking ??= ask().finally(() => {
    asking = null;
    timer = setTimeout(turn, PERIOD);
  });
}

async function press(event) {
  const { currentTarget: form, submitter } = event;
  if (!submitter) return;
  event.preventDefault();
  const body = new URLSearchParams({ [submitter.name]: submitter.value });
  try {
    const answer = await fetch(form.action, { method: 'POST', body, redirect: 'manual' });
    if (answer.type !== 'opaqueredirect') {
      const problem = await answer.json();
      write(banner, `${problem.title}: ${problem.detail}`);
    }
  } catch {
    write(banner, 'This was not done: the process does not answer.');
  }
  await asking;
  turn();
}

pause.hidden = false;
pause.addEventListener('click', () => {
  paused = !paused;
  set(pause, 'aria-pressed', String(paused));
  set(document.body, 'data-paused', String(paused));
  turn();
});
document.addEventListener('visibilitychange', turn);
for (const form of document.querySelectorAll('form[data-control]')) form.addEventListener('submit', press);
turn();
