import { useEffect } from 'preact/hooks';
import { useEvents, useCalm } from '../live';
import type { Overview } from '../contract';
import { count, percent, plural, share, span } from '../format';
import { Icon, type IconName } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { type History, Plot } from '../parts/plot';
import { Copyable } from '../parts/copy';
import { Time } from '../parts/time';
import { type Window, WINDOWS, sinceOf, WindowPicker, windowOf } from '../parts/window';
import { useResource } from '../resource';
import { go, place, withQuery } from '../route';
import { NO_SITE, providerWord, WAITING, whoActs } from '../words';

const VERDICTS: Record<string, { tone: string; icon: IconName; word: string }> = {
  good: { tone: 'good', icon: 'delivered', word: 'Healthy' },
  attention: { tone: 'warn', icon: 'warning', word: 'Needs attention' },
  slow: { tone: 'warn', icon: 'deferred', word: 'Slow' },
  failing: { tone: 'bad', icon: 'bounced', word: 'Failing' },
  idle: { tone: 'calm', icon: 'dot', word: 'Idle' },
};
const EVERY_MS = 15_000;
const CALM_MS = 3_000;
const HOUR_MS = 3_600_000;

export function OverviewScreen() {
  const { query } = place.use();
  const window = windowOf(query);
  const overview = useResource<Overview>(`/v1/overview?window=${window}`, EVERY_MS);
  const history = useResource<History>(`/v1/history?window=${window}`, EVERY_MS);
  const again = useCalm(() => {
    overview.reload();
    history.reload();
  }, CALM_MS);
  useEvents(again);
  const { data } = overview;
  // Of a relay that has just started, a day is an empty picture.
  useEffect(() => {
    if (data && !query.has('window') && Date.now() - Date.parse(data.since) < HOUR_MS) go(withQuery({ window: '1h' }), 'replace');
  }, [data]);
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>Overview</h1>
        <div class="rest"><WindowPicker /></div>
      </div>
      {overview.problem ? <Trouble problem={overview.problem} again={overview.reload} /> : null}
      {!data && !overview.problem ? <Waiting what="how mail flows" /> : null}
      {data ? <Found overview={data} window={window} history={history.data} /> : null}
    </>
  );
}

function Found({ overview, window, history }: { overview: Overview; window: Window; history: History | undefined }) {
  const nothing = overview.accepted + overview.delivered + overview.waiting + overview.deferred + overview.bounced === 0;
  return (
    <div class="stack">
      <Verdict overview={overview} />
      {nothing ? <Nothing window={window} /> : null}
      {overview.causes.length > 0 ? <DoNext overview={overview} window={window} /> : null}
      {nothing ? null : (
        <>
          <Figures overview={overview} />
          <section class="card" aria-labelledby="flow">
            <h2 id="flow">{WINDOWS[window]}</h2>
            {history ? <Plot history={history} /> : <Waiting what="the history" />}
          </section>
          <Providers overview={overview} />
          <Since overview={overview} window={window} />
        </>
      )}
    </div>
  );
}

function Verdict({ overview }: { overview: Overview }) {
  const { tone, icon, word } = VERDICTS[overview.verdict.state] ?? VERDICTS['idle']!;
  return (
    <div class={`notice verdict tone-${overview.paused ? 'ours' : tone}`} role="status">
      <Icon name={overview.paused ? 'held' : icon} />
      <div>
        <strong>{overview.paused ? 'Paused' : word}</strong>
        <p>{overview.verdict.text}</p>
        {overview.paused ? <p>A person pauses mail: <code>waypost resume</code> lets it go on.</p> : null}
      </div>
    </div>
  );
}

function DoNext({ overview, window }: { overview: Overview; window: Window }) {
  return (
    <section class="card" aria-labelledby="next">
      <h2 id="next">What keeps mail back</h2>
      <ul class="causes">
        {overview.causes.map((each) => (
          <li key={`${each.cause} ${each.provider}`}>
            <div class="what">
              <a href={`/bounces?window=${window}#${encodeURIComponent(each.cause)}`}><strong>{each.title}</strong></a>
              <span class="quiet">
                {each.provider ? `${providerWord(each.provider)} · ` : ''}who acts: {whoActs(each.who_acts, each.actor)} · last <Time at={each.last_seen} />
              </span>
            </div>
            <a class="number" title="Tries: a recipient may have several"
              href={sentRows(overview, { class: each.cause, provider: each.provider ?? '', happened_since: overview.causes_since })}>
              {count(each.count)}<span class="quiet"> {each.count === 1 ? 'try' : 'tries'} · {percent(each.share)}</span>
            </a>
            {each.example_message ? <a class="button small" href={`/messages/${each.example_message}`}>See one</a> : null}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is counted here, as rows: what was sent, by what happened to it since the counting began. */
function sentRows(overview: Overview, more: Record<string, string>): string {
  const asked = new URLSearchParams({ direction: 'sent', happened_since: overview.since });
  for (const [name, value] of Object.entries(more)) if (value) asked.set(name, value);
  return `/activity?${asked.toString()}`;
}

const GIVEN_UP = 'bounced,expired';

function Figures({ overview }: { overview: Overview }) {
  const settled = overview.delivered + overview.bounced;
  const rows = (status: string) => sentRows(overview, { status });
  const waiting = `/activity?status=${[...WAITING].join(',')}`;
  const figures: [string, string, string, string][] = [
    ['Accepted', count(overview.accepted), '', `/activity?${new URLSearchParams({ direction: 'sent', since: overview.since }).toString()}`],
    ['Delivered', count(overview.delivered), share(overview.delivered, settled), rows('delivered')],
    ['Bounced', count(overview.bounced), share(overview.bounced, settled), rows(GIVEN_UP)],
    ['Unwanted', count(overview.complained), share(overview.complained, overview.delivered), sentRows(overview, { complained: 'true' })],
    ['Waiting now', count(overview.waiting), overview.held ? `${count(overview.held)} held` : '', waiting],
    ['Oldest waits', !overview.waiting || overview.oldest_waiting_seconds === null ? '–' : span(overview.oldest_waiting_seconds), '', waiting],
  ];
  const { loss } = overview;
  return (
    <dl class="figures">
      {figures.map(([name, value, more, path]) => (
        <div key={name}><dt>{name}</dt><dd><a href={path}>{value}</a>{more ? <span class="quiet">{more}</span> : null}</dd></div>
      ))}
      {loss ? (
        <div title="What was acknowledged must be delivered, given up with a reason, or waiting.">
          <dt>Unaccounted</dt>
          <dd class={loss.unaccounted ? 'tone-bad' : ''}>{count(loss.unaccounted)}<span class="quiet">of {count(loss.acknowledged)}</span></dd>
        </div>
      ) : null}
    </dl>
  );
}

const STATES: Record<string, string> = { open: 'full speed', slow: 'slowed down', probe: 'probing', stop: 'stopped' };

export function siteTone(state: string): { tone: string; icon: IconName; word: string } {
  const word = STATES[state] ?? state;
  if (state === 'open' || state === 'good') return { tone: 'good', icon: 'delivered', word };
  if (state === 'stop' || state === 'failing') return { tone: 'bad', icon: 'bounced', word };
  if (state === 'idle') return { tone: 'calm', icon: 'dot', word };
  return { tone: 'warn', icon: 'deferred', word };
}

function Providers({ overview }: { overview: Overview }) {
  if (overview.providers.length === 0) return null;
  const all = overview.providers.reduce((sum, each) => sum + each.delivered + each.bounced, 0);
  return (
    <section class="card" aria-labelledby="by-provider">
      <h2 id="by-provider">By provider</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr><th>Provider</th><th class="number narrow-out">Share</th><th class="number">Delivered</th><th class="number narrow-out">Deferred</th>
              <th class="number narrow-out">Bounced</th><th class="number phone-out">Waiting</th><th class="number narrow-out">Rate</th><th>State</th></tr>
          </thead>
          <tbody>
            {overview.providers.map((each) => {
              const { tone, icon, word } = siteTone(each.state);
              return (
                <tr key={each.provider}>
                  <td><a href={each.provider === NO_SITE ? sentRows(overview, { provider: NO_SITE }) : `/providers/${encodeURIComponent(each.provider)}`}>{providerWord(each.provider)}</a></td>
                  <td class="number narrow-out">{share(each.delivered + each.bounced, all)}</td>
                  <td class="number"><a href={sentRows(overview, { status: 'delivered', provider: each.provider })}>{share(each.delivered, each.delivered + each.bounced)}</a></td>
                  <td class="number narrow-out">{count(each.deferred)}</td>
                  <td class="number narrow-out"><a href={sentRows(overview, { status: GIVEN_UP, provider: each.provider })}>{count(each.bounced)}</a></td>
                  <td class="number phone-out">{count(each.waiting)}</td>
                  <td class="number narrow-out">{rate(each.rate_per_second, each.limit_per_second)}</td>
                  <td>{each.provider === NO_SITE ? '–' : <span class={`state tone-${tone}`}><Icon name={icon} />{word}</span>}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <Apart overview={overview} />
    </section>
  );
}

/** What nobody here sent is no part of the figures. */
function Apart({ overview }: { overview: Overview }) {
  const { notices, inbound } = overview.apart;
  if (notices.accepted + inbound.accepted === 0) return null;
  const rows = (direction: string) => `/activity?${new URLSearchParams({ direction, since: overview.since }).toString()}`;
  return (
    <p class="quiet">
      Not in these figures: <a href={rows('notice')}>{plural(notices.accepted, 'notice', 'notices')}</a> to senders about their
      mail, and <a href={rows('inbound')}>{plural(inbound.accepted, 'message', 'messages')}</a> that came in.
    </p>
  );
}

/** What was before the first start of the relay is not counted: then the page says from when on it tells. */
function Since({ overview, window }: { overview: Overview; window: Window }) {
  if (Date.parse(overview.since) - Date.parse(sinceOf(window)) < 120_000) return null;
  return <p class="quiet">Counted since <Time at={overview.since} />.</p>;
}

export function rate(now: number | null, limit: number | null): string {
  const text = (value: number) => (value < 10 ? value.toFixed(1).replace(/\.0$/, '') : count(Math.round(value)));
  const most = limit ? (limit < 0.1 ? String(Number(limit.toPrecision(2))) : text(limit)) : '';
  if (now === null) return limit ? `≤ ${most} /s` : '–';
  return limit ? `${text(now)} of ${most} /s` : `${text(now)} /s`;
}

function Nothing({ window }: { window: Window }) {
  return (
    <Empty icon="overview" title={`No mail in the ${WINDOWS[window].toLowerCase()}`}>
      <p>Send a message to yourself and watch it come through, step by step:</p>
      <Copyable what="the command" text="waypost send --from hi@YOUR-DOMAIN --to you@example.com" />
      <p>Or look first whether a message would get out at all: <a href="/diagnose">Diagnose</a>.</p>
    </Empty>
  );
}
