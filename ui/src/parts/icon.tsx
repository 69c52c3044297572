/** Line drawings on a grid of 16; decoration only: a word stands beside each. */
const PATHS = {
  accepted: 'M2.5 8.5v4h11v-4M8 2.5v7M5 6.5l3 3 3-3',
  arrow: 'M6 3.5 10.5 8 6 12.5',
  auto: 'M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11',
  bounced: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  bounces: 'M3 13.5v-8M6.3 13.5v-5M9.6 13.5v-3M13 13.5v-1.5',
  cancelled: 'M4 4l8 8M12 4l-8 8',
  check: 'M3.5 8.5 6.5 11.5 12.5 5',
  copy: 'M6 5.5h7v8H6zM3 10.5v-8h7',
  deferred: 'M8 2.5 14.2 13.5H1.8zM8 6.5v3.2M8 11.4v.4',
  delivered: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.2 8.2l2 2 3.6-4',
  diagnose: 'M2 8h3l1.5-4 3 8L11 8h3',
  domains: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM2 8h12M8 2c2.6 3.5 2.6 8.5 0 12M8 2c-2.6 3.500-2.6 8.5 0 12',
  dot: 'M8 6.5a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3z',
  expired: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.800V8l2.200 1.800',
  held: 'M5.500 3.500v9M10.500 3.500v9',
  inbox: 'M2.500 9 4.500 3.500h7l2 5.500v3.500h-11zM2.500 9h3.300l.8 1.500h2.800l.8-1.500h3.300',
  key: 'M5.500 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8.500 8H14v2.500M11.500 8v2',
  menu: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h11',
  moon: 'M13 9.700A5.500 5.500 0 1 1 6.300 3a4.500 4.500 0 0 0 6.700 6.700z',
  overview: 'M2.500 2.500h4.500v6h-4.500zM9 2.500h4.500v3.500H9zM9 8h4.500v5.500H9zM2.500 10.500h4.500v3h-4.500z',
  providers: 'M3 3.500h10v3.500H3zM3 9h10v3.500H3zM5 5.200h.4M5 10.700h.4',
  queued: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5 8h.3M8 8h.3M11 8h.3',
  scheduled: 'M2.500 3.500h11v10h-11zM2.500 6.500h11M5.500 2v3M10.500 2v3M8 8.300v2.200h1.800',
  search: 'M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM10.300 10.300l3.200 3.200',
  sun: 'M8 5.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600zM8 1.500v1.200M8 13.300v1.200M1.500 8h1.200M13.300 8h1.200M3.400 3.400l.9.9M11.700 11.700l.9.9M3.400 12.6l.9-.9M11.700 4.300l.9-.9',
  suppressed: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM3.800 3.800l8.400 8.400',
  throttled: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.300 5.600v4.800M9.700 5.600v4.800',
  warning: 'M8 2.500 14.200 13.500H1.800zM8 6.500v3.200M8 11.400v.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
