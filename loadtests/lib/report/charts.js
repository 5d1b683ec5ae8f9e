// Two drawings for the report, as SVG text: a bar in a table, and curves over steps or time.

const WIDTH = 840;
const HEIGHT = 260;
const MARGIN = { left: 56, right: 56, top: 26, bottom: 34 };
const LEAST = 0.1;

/** A bar from one duration to another on a logarithmic scale that ends at `most`. */
export function bars({ from, to, most }) {
  const at = (value) => (120 * Math.log(Math.max(value, LEAST) / LEAST)) / Math.log(Math.max(most, 1) / LEAST);
  const begin = at(from);
  return (
    `<svg viewBox="0 0 120 10" style="width:120px" role="img" aria-hidden="true"><rect y="4" width="120" height="2" fill="var(--line)"/>` +
    `<rect x="${begin.toFixed(1)}" y="2" width="${Math.max(at(to) - begin, 2).toFixed(1)}" height="6" rx="2" fill="var(--one)"/></svg>`
  );
}

/** The next number at or above whose quarters read well. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}

/** 12345.6 as 12,345.6. */
export const grouped = (value) => String(value).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');

const label = (value) => grouped(Number(value.toPrecision(3)));

/**
 * Curves over the same x, each on the left or the right axis.
 *
 * @param chart `x` (rising numbers), `xTitle`, `logarithmic` where x grows by a factor, `mark` (an x), and `left` and `right`:
 *   `{ title, curves: [{ values, dashed? }] }`
 */
export function curves({ x, xTitle, logarithmic, left, right, mark }) {
  const inner = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const scale = logarithmic ? Math.log : Number;
  const [first, last] = [scale(x[0]), scale(x[x.length - 1])];
  const across = (value) => MARGIN.left + (inner.width * (scale(value) - first)) / (last - first || 1);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const side = (axis, at, anchor, colour) => {
    if (!axis) return '';
    const most = roundUp(Math.max(...axis.curves.flatMap(({ values }) => values), 1e-9));
    const up = (value) => MARGIN.top + inner.height * (1 - value / most);
    const numbers = ticks.map(
      (part) => `<text x="${at}" y="${up(most * part) + 4}" text-anchor="${anchor}">${label(most * part)}</text>`,
    );
    const lines = axis.curves.map(({ values, dashed }) => {
      const points = values.map((value, index) => `${across(x[index]).toFixed(1)},${up(value).toFixed(1)}`).join(' ');
      return `<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`;
    });
    const [edge, towards] = anchor === 'end' ? [0, 'start'] : [WIDTH, 'end'];
    const title = `<text x="${edge}" y="14" text-anchor="${towards}" style="fill:${colour}">${axis.title}</text>`;
    return numbers.join('') + lines.join('') + title;
  };
  const grid = ticks.map((part) => {
    const y = MARGIN.top + inner.height * part;
    return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y}" y2="${y}" stroke="var(--line)"/>`;
  });
  const below = x.map((value) => `<text x="${across(value)}" y="${HEIGHT - 16}" text-anchor="middle">${label(value)}</text>`);
  const marked =
    mark === undefined
      ? ''
      : `<line x1="${across(mark)}" x2="${across(mark)}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="var(--bad)" stroke-dasharray="2 3"/>`;
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${grid.join('')}${below.join('')}` +
    `<text x="${WIDTH / 2}" y="${HEIGHT - 2}" text-anchor="middle">${xTitle}</text>${marked}` +
    `${side(left, MARGIN.left - 8, 'end', 'var(--one)')}${side(right, WIDTH - MARGIN.right + 8, 'start', 'var(--other)')}</svg>`
  );
}
