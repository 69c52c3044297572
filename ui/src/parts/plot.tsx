import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { absolute, clock, count, shifted } from '../format';
import { shade } from '../theme';
import { zone } from '../zone';

export interface History {
  step_seconds: number;
  start: string;
  series: Record<string, (number | null)[]>;
}

const LAYERS = [
  { key: 'delivered', color: '--good' },
  { key: 'deferred', color: '--warn' },
  { key: 'bounced', color: '--bad' },
] as const;

/** A line through so few points would hardly be seen. */
const FEW = 4;
/** A plot has so many points, or all that there are. */
const POINTS_MIN = 6;
const MINUTES_WITH_SECONDS = 10;
/** What a time with seconds takes, and the room before the next. */
const LABEL_PX = 68;
/** Half of a time, which the last label reaches beyond the plot. */
const BEYOND_PX = 18;
const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
const STEPS_S = [
  ...[1, 5, 10, 30], ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE_S), ...[1, 2, 3, 6, 12].map((each) => each * HOUR_S),
  ...[1, 2, 5, 10, 30, 90].map((each) => each * DAY_S),
];

function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const lengthOf = (history: History) => Math.max(0, ...LAYERS.map(({ key }) => history.series[key]?.length ?? 0));

/** From when on something is known: the first minutes of a relay fill the plot, and not its last corner. */
function sinceKnown(history: History): History {
  const known = LAYERS.map(({ key }) => (history.series[key] ?? []).findIndex((each) => each !== null)).filter((first) => first >= 0);
  const from = Math.max(0, Math.min(...known, lengthOf(history) - POINTS_MIN));
  if (known.length === 0 || from === 0) return history;
  return {
    step_seconds: history.step_seconds,
    start: new Date(Date.parse(history.start) + from * history.step_seconds * 1000).toISOString(),
    series: Object.fromEntries(Object.entries(history.series).map(([key, points]) => [key, points.slice(from)])),
  };
}

/**
 * Without the step that is not over: what has yet to come in it would look like mail that has just stopped. A short plot
 * keeps its room.
 */
function ended(history: History): History {
  const length = lengthOf(history);
  const open = Date.parse(history.start) + length * history.step_seconds * 1000 > Date.now();
  if (!open || length < 2) return history;
  const unknown = length > POINTS_MIN ? [] : [null];
  return {
    ...history,
    series: Object.fromEntries(Object.entries(history.series).map(([key, points]) => [key, [...points.slice(0, length - 1), ...unknown]])),
  };
}

/** Each layer on top of those before it; null where nothing is known. */
function stacked(history: History): uPlot.AlignedData {
  const start = Date.parse(history.start) / 1000;
  const times = Array.from({ length: lengthOf(history) }, (_, i) => start + i * history.step_seconds);
  const sums: (number | null)[][] = [];
  LAYERS.forEach(({ key }, layer) => {
    const below = sums[layer - 1];
    sums.push(times.map((_, i) => {
      const own = history.series[key]?.[i] ?? null;
      return own === null ? null : own + (below?.[i] ?? 0);
    }));
  });
  return [times, ...sums.reverse()] as uPlot.AlignedData;
}

function options(width: number, height: number, most: number, few: boolean, onPoint: (index: number | null) => void): uPlot.Options {
  const quiet = colorOf('--quiet');
  const grid = { stroke: colorOf('--line'), width: 1 };
  const axis = { stroke: quiet, grid, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  return {
    width, height,
    legend: { show: false },
    bands: [{ series: [1, 2] }, { series: [2, 3] }],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    padding: [10, BEYOND_PX, 0, 0],
    scales: { y: { range: [0, Math.max(1, most * 1.08)] } },
    axes: [
      { ...axis, size: 28, space: LABEL_PX, incrs: STEPS_S, grid: { show: false }, values: (plot, splits) => clockLabels(plot, splits) },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000] },
    ],
    series: [{}, ...[...LAYERS].reverse().map(({ color }) => ({
      stroke: colorOf(color), fill: colorOf(color) + '40', width: 1.25, points: { show: few, size: 5, fill: colorOf(color) },
    }))],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
}

function clockLabels(plot: uPlot, splits: number[]): string[] {
  const seconds = (plot.scales['x']?.max ?? 0) - (plot.scales['x']?.min ?? 0);
  const days = seconds > 2 * DAY_S;
  const parts = seconds < MINUTE_S * MINUTES_WITH_SECONDS ? 3 : 2;
  return splits.map((split) => {
    const at = shifted(new Date(split * 1000));
    if (days) return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
    return [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].slice(0, parts).map((each) => String(each).padStart(2, '0')).join(':');
  });
}

/** Where less is known than was asked for: from when on. */
function sinceWords(known: History): string {
  const first = Math.max(0, Math.min(...LAYERS.map(({ key }) => (known.series[key] ?? []).findIndex((each) => each !== null))));
  const at = new Date(Date.parse(known.start) + first * known.step_seconds * 1000).toISOString();
  return Date.now() - Date.parse(at) < 12 * 3_600_000 ? clock(at).slice(0, 5) : absolute(at).slice(0, 16);
}

/** What became of mail, in layers over time; the words and numbers under it say the same without colour. */
export function Plot({ history: whole, height = 190 }: { history: History; height?: number }) {
  const known = useMemo(() => sinceKnown(whole), [whole]);
  const history = useMemo(() => ended(known), [known]);
  const box = useRef<HTMLDivElement>(null);
  const [point, setPoint] = useState<number | null>(null);
  const seen = shade.use();
  const clockOf = zone.use();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const data = stacked(history);
    const most = Math.max(0, ...(data[1] as (number | null)[]).map((each) => each ?? 0));
    const points = (data[1] as (number | null)[]).filter((each) => each !== null).length;
    const plot = new uPlot(options(element.clientWidth, height, most, points < FEW, setPoint), data, element);
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [history, height, seen, clockOf]);

  const sum = (key: string) => (known.series[key] ?? []).reduce<number>((all, each) => all + (each ?? 0), 0);
  const value = (key: string) => (point === null ? sum(key) : history.series[key]?.[point] ?? 0);
  const all = known === whole ? 'in all' : `since ${sinceWords(known)}`;
  const when = point === null ? all : absolute(new Date(Date.parse(history.start) + point * history.step_seconds * 1000).toISOString()).slice(5, 16);
  const summary = LAYERS.map(({ key }) => `${count(sum(key))} ${key}`).join(', ');
  return (
    <figure class="plot">
      <div ref={box} role="img" aria-label={`Over time: ${summary}`} />
      <figcaption>
        {LAYERS.map(({ key, color }) => (
          <span key={key}><i class={`key key${color}`} />{key} <b>{count(value(key))}</b></span>
        ))}
        <span class="quiet">{when}</span>
      </figcaption>
    </figure>
  );
}
