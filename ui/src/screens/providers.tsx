import { absolute, count, localTimes, plural, visible } from '../format';
import { useRowLeft } from '../keys';
import { Icon } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { LimitOrigin, Origin } from '../parts/origin';
import { type History, Plot } from '../parts/plot';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import { WindowPicker, windowOf } from '../parts/window';
import { useResource } from '../resource';
import { place } from '../route';
import type { Pause, Provider, Site as Known, Sites } from '../schema';
import { classWord, LIMITS, providerWord, WAITING } from '../words';
import { rate, siteTone } from './overview';
import { LimitedRow, Limiting } from './provider_limit';
import { Pausing } from './provider_pause';

type Site = Known & { shut_until?: string; provider?: string };
interface Limit { most: number; origin: string; used?: number }

const EVERY_MS = 5_000;
export function ProvidersScreen() {
  const sites = useResource<Sites>('/v1/providers', EVERY_MS);
  const found = ([...(sites.data?.data ?? [])] as Site[]).sort(heldFirst);
  return (
    <>
      <div class="head"><h1 tabIndex={-1}>Providers</h1></div>
      {sites.problem ? <Trouble problem={sites.problem} again={sites.reload} /> : null}
      {!sites.data && !sites.problem ? <Waiting what="how each site stands" /> : null}
      {sites.data && sites.data.unrouted > 0 ? (
        <p class="quiet">{plural(sites.data.unrouted, 'recipient waits', 'recipients wait')} whose site is looked up when {sites.data.unrouted === 1 ? 'it is' : 'they are'} next due: it stood in the queue when the relay was started.</p>
      ) : null}
      {sites.data && found.length === 0 && sites.data.unrouted === 0 ? (
        <Empty icon="providers" title="No site yet">
          <p>A site is a group of mail hosts that several domains share, and the unit that limits count by. It shows here with the first message to it: how fast it may go, what slows it down, and whose limit that is.</p>
        </Empty>
      ) : null}
      {found.length > 0 ? <Table sites={found} reload={sites.reload} /> : null}
    </>
  );
}

function heldFirst(one: Site, other: Site): number {
  const weight = (site: Site) => (site.reason || site.pauses?.length || site.asked_limit ? 2 : Number(site.measure !== 'open'));
  return weight(other) - weight(one) || one.site.localeCompare(other.site);
}

function Table({ sites, reload }: { sites: Site[]; reload: () => void }) {
  useRowLeft();
  return (
    <table class="sites" data-rows>
      <thead>
        <tr><th>Site</th><th>State</th><th class="number">Waiting</th><th class="number">Connections</th><th class="number">Pace</th><th>What holds it</th></tr>
      </thead>
      <tbody>
        {sites.map((site) => (
          <tr key={site.site} data-row>
            <td class="to"><a href={`/providers/${encodeURIComponent(site.site)}`} data-open>{providerWord(site.site)}</a></td>
            <td><SiteState site={site} /></td>
            <td class="number" data-label="waiting">{count(site.queued)}</td>
            <td class="number" data-label="connections">{connections(site)}</td>
            <td class="number" data-label="pace">{site.per_second ? rate(null, site.per_second) : 'no limit'}</td>
            <td class="why">
              <Holds site={site} />
              {site.asked_limit ? <LimitedRow limit={site.asked_limit} reload={reload} /> : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SiteState({ site }: { site: Site }) {
  if (site.pauses?.length) return <span class="state tone-ours"><Icon name="held" />paused</span>;
  if (site.asked_limit && site.measure === 'open') return <span class="state tone-ours"><Icon name="held" />limited</span>;
  const { tone, icon, word } = siteTone(site.measure);
  return <span class={`state tone-${tone}`}><Icon name={icon} />{word}</span>;
}

function connections(site: Site): string {
  return `${site.attempts ?? 0} of ${site.connections_max ?? site.connections_limit ?? '–'}`;
}

function pausedWords({ by, until, reason }: Pause): string {
  return `Paused${by ? ` by ${by}` : ''}${until ? ` until ${absolute(until)}` : ', until it is resumed'}${reason ? `: ${visible(reason)}` : ''}`;
}

function Holds({ site }: { site: Site }) {
  const pause = site.pauses?.[0];
  if (pause) return <span>{pausedWords(pause)}</span>;
  const more = slowedTold(site) ? null : <Slowed site={site} />;
  if (!site.reason) {
    if (more) return more;
    if (site.asked_limit && site.queued === 0) return null;
    if (site.measure !== 'open' && site.last_trouble) return <span>{site.last_trouble}</span>;
    const others = site.queued > (site.attempts ?? 0);
    return others ? <a href={waitingOf(site)}>waits for its next try</a> : <span class="quiet narrow-out">nothing</span>;
  }
  return (
    <>
      <span>{visible(site.hold === 'deferred' ? `They said not now: ${site.reason}` : localTimes(site.reason))}</span>
      {more}
      {site.next_attempt_at ? <span class="quiet"> · next <Time at={site.next_attempt_at} coming /></span> : null}
    </>
  );
}

/** Whether the reason itself quotes what slowed it down, or nothing did. */
function slowedTold(site: Site): boolean {
  return !site.slowed_by || Boolean(site.reason?.includes(site.slowed_by));
}

/** It goes on, but with less than it is allowed: since when, and because of which words. */
function Slowed({ site }: { site: Site }) {
  return (
    <span class="slowed">
      {site.connections_max} of {site.connections_limit} connections since {site.slowed_since ? <Time at={site.slowed_since} exact /> : 'some time'},
      because of <q>{visible(site.slowed_by ?? '')}</q>
    </span>
  );
}

function waitingOf(site: Site): string {
  return `/activity?${new URLSearchParams({ status: [...WAITING].join(','), provider: site.site }).toString()}`;
}

export function ProviderScreen({ site: name }: { site: string }) {
  const window = windowOf(place.use().query);
  const sites = useResource<Sites>('/v1/providers', EVERY_MS);
  const site = (sites.data?.data as Site[] | undefined)?.find((each) => each.site === name);
  const more = useResource<Provider>(site ? `/v1/providers/${encodeURIComponent(name)}` : null, EVERY_MS);
  const reload = () => {
    sites.reload();
    more.reload();
  };
  const history = useResource<History>(site ? `/v1/history?window=${window}&provider=${encodeURIComponent(site.provider ?? name)}` : null, EVERY_MS * 3);
  return (
    <>
      <p class="crumb"><a href="/providers">Providers</a> <span class="quiet">/</span></p>
      <div class="head">
        <h1 tabIndex={-1} class="break">{providerWord(name)}</h1>
        {site ? <SiteState site={site} /> : null}
        <div class="rest"><WindowPicker /></div>
      </div>
      {sites.problem ? <Trouble problem={sites.problem} again={sites.reload} /> : null}
      {!sites.data && !sites.problem ? <Waiting what="how it stands" /> : null}
      {sites.data && !site ? (
        <Empty icon="providers" title="Nothing is known of this site now">
          <p>
            It is forgotten some time after its last message.
            {name.includes('.') ? <> <a href={`/activity?host=${encodeURIComponent(name)}`}>Look in Activity</a>.</> : null}
          </p>
        </Empty>
      ) : null}
      {site ? <Pausing site={name} pauses={site.pauses ?? []} reload={reload} /> : null}
      {site ? <Limiting site={name} limit={site.asked_limit} reload={reload} /> : null}
      {site ? <Found site={site} history={history.data} /> : null}
      {site && more.data ? <Replies all={more.data.replies} /> : null}
    </>
  );
}

/** What it said when it did not take mail, word by word. */
function Replies({ all }: { all: Provider['replies'] }) {
  if (all.length === 0) return null;
  return (
    <section class="card after" aria-labelledby="replies">
      <h2 id="replies">What it said last when it did not take mail</h2>
      <ul class="replies">
        {all.map((each, i) => (
          <li key={i}>
            <p>
              <State state={each.event} /> <Time at={each.at} /> <span class="quiet">{each.host}</span>{' '}
              {each.id ? <a href={`/messages/${each.id}?to=${encodeURIComponent(each.recipient)}`}><bdi>{visible(each.recipient)}</bdi></a> : <bdi>{visible(each.recipient)}</bdi>}
              {each.recipients > 1 ? <span class="quiet"> and {each.recipients - 1} more</span> : null}
              {each.class ? <> · <a href={`/activity?class=${encodeURIComponent(each.class)}`}>{classWord(each.class)}</a></> : null}
            </p>
            <blockquote class="reply">{visible(each.reply)}</blockquote>
          </li>
        ))}
      </ul>
      <p class="quiet">The newest ten since the relay was started.</p>
    </section>
  );
}

function Found({ site, history }: { site: Site; history: History | undefined }) {
  const limits = Object.entries(site.limits as Record<string, Limit>);
  return (
    <div class="stack">
      {site.slowed_by && !slowedTold(site) ? (
        <section class="cause tone-warn" aria-labelledby="slowed">
          <h2 id="slowed"><Icon name="deferred" />Slowed down: {site.connections_max} of {site.connections_limit} connections</h2>
          <p class="summary">
            They asked for less, so it gets less since {site.slowed_since ? <Time at={site.slowed_since} /> : 'some time'}. What goes well gives the
            connections back, one step a minute.
          </p>
          <div class="said"><h3>What they said</h3><blockquote class="reply">{visible(site.slowed_by)}</blockquote></div>
        </section>
      ) : null}
      {site.reason ? (
        <section class={`cause tone-${siteTone(site.measure).tone}`} aria-labelledby="holds">
          <h2 id="holds"><Icon name={siteTone(site.measure).icon} />{count(site.queued)} waiting</h2>
          {site.hold === 'deferred' ? (
            <div class="said"><h3>They said not now, or did not answer</h3><blockquote class="reply">{visible(site.reason)}</blockquote></div>
          ) : <p class="summary">{visible(localTimes(site.reason))}</p>}
          {site.limit_origin ? <LimitOrigin origin={site.limit_origin} /> : null}
          {site.next_attempt_at ? <p class="next"><Icon name="expired" /><span>Next attempt <strong><Time at={site.next_attempt_at} coming /></strong></span></p> : null}
        </section>
      ) : null}
      {history ? <section class="card" aria-labelledby="flow"><h2 id="flow">What became of its mail</h2><Plot history={history} /></section> : null}
      <section class="card" aria-labelledby="limits">
        <h2 id="limits">Limits, and whose they are</h2>
        <table class="limits">
          <thead><tr><th>Limit</th><th class="number">Now</th><th class="number">Most</th><th>Whose it is</th></tr></thead>
          <tbody>
            {limits.map(([key, limit]) => (
              <tr key={key}>
                <td>{LIMITS[key] ?? key}</td>
                <td class="number">{key === 'connections' ? site.attempts ?? 0 : limit.used ?? ''}</td>
                <td class="number">{limit.most}</td>
                <td><Origin origin={limit.origin} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {site.last_trouble ? (
        <section class="card" aria-labelledby="trouble">
          <h2 id="trouble">Last trouble{site.troubles ? ` of ${count(site.troubles)} in a row` : ''}</h2>
          <blockquote class="reply">{visible(site.last_trouble)}</blockquote>
        </section>
      ) : null}
      <p class="buttons">
        {site.doctor_target ? <a class="button" href={`/diagnose?target=${encodeURIComponent(site.doctor_target)}`}>Run the doctor on {site.doctor_target}</a> : null}
        <a class="button" href={`/activity?provider=${encodeURIComponent(site.site)}`}>Its messages</a>
      </p>
    </div>
  );
}
