export interface Bar {
  readonly label: string;
  readonly value: number;
  /** One of a few colours; the service's own bars are told from the others' by it. */
  readonly emphasis: boolean;
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  /** For values of very different size: each further tick is ten times the one before. */
  readonly logarithmic?: boolean;
  /** A value to compare with, drawn as a line. */
  readonly mark?: number;
}

const WIDTH = 760;
const LABELS = 230;
const VALUES = 90;
const ROW = 26;
const TOP = 44;
const BOTTOM = 16;

/** Horizontal bars as SVG, readable on a light and on a dark page. */
export function drawBars(chart: BarChart): string {
  const height = TOP + chart.bars.length * ROW + BOTTOM;
  const scale = scaleOf(chart);
  const rows = chart.bars.map((bar, index) => drawBar(bar, TOP + index * ROW, scale(bar.value)));
  const mark = chart.mark === undefined ? [] : [drawMark(LABELS + scale(chart.mark), height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(chart.title)}">`,
    '<style>text{font:13px system-ui,sans-serif;fill:#57606a}.title{font-weight:600;font-size:15px}.own{fill:#c2185b}.other{fill:#8c959f}.mark{stroke:#57606a;stroke-dasharray:4 3}</style>',
    `<text class="title" x="8" y="22">${escape(chart.title)}</text>`,
    `<text x="${WIDTH - 8}" y="22" text-anchor="end">${escape(chart.unit)}${chart.logarithmic === true ? ', logarithmic' : ''}</text>`,
    ...rows,
    ...mark,
    '</svg>',
    '',
  ].join('\n');
}

function scaleOf({ bars, logarithmic = false, mark = 0 }: BarChart): (value: number) => number {
  const room = WIDTH - LABELS - VALUES;
  const values = bars.map(({ value }) => value);
  const most = Math.max(mark, ...values);
  if (!logarithmic) return (value) => (value / most) * room;
  // The smallest bar must be seen as well.
  const least = Math.min(...values) / 2;
  return (value) => (Math.log(value / least) / Math.log(most / least)) * room;
}

function drawBar({ label, value, emphasis }: Bar, y: number, length: number): string {
  const middle = y + 15;
  return [
    `<text x="${LABELS - 8}" y="${middle}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${emphasis ? 'own' : 'other'}" x="${LABELS}" y="${y + 3}" width="${Math.max(1, length).toFixed(1)}" height="${ROW - 10}" rx="2"/>`,
    `<text x="${(LABELS + Math.max(1, length) + 6).toFixed(1)}" y="${middle}">${readable(value)}</text>`,
  ].join('\n');
}

function drawMark(x: number, height: number): string {
  return `<line class="mark" x1="${x.toFixed(1)}" y1="${TOP - 6}" x2="${x.toFixed(1)}" y2="${height - BOTTOM}"/>`;
}

/** Three significant digits, with separated thousands. */
export function readable(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 4 });
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
