import { count } from '../format';
import { Icon } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { type History, Plot } from '../parts/plot';
import { Time } from '../parts/time';
import { WindowPicker, windowOf } from '../parts/window';
import { useResource } from '../resource';
import { place } from '../route';
import type { Site as Known, Sites } from '../schema';
import { rate, siteTone } from './overview';

type Site = Known & { reason?: string; limit_origin?: string; next_attempt_at?: string; shut_until?: string; provider?: string };
interface Limit { most: number; origin: string; used?: number }

const EVERY_MS = 5_000;
const LIMITS: Record<string, string> = {
  connections: 'Connections at a time',
  connections_per_minute: 'New connections a minute',
  messages_per_second: 'Messages a second',
  messages_per_hour: 'Messages an hour',
  messages_per_day: 'Messages a day',
  messages_per_connection: 'Messages of a connection',
  recipients_per_message: 'Recipients of a message',
};

export function ProvidersScreen() {
  const sites = useResource<Sites>('/v1/providers', EVERY_MS);
  const found = (sites.data?.data ?? []) as Site[];
  return (
    <>
      <div class="head"><h1 tabIndex={-1}>Providers</h1></div>
      {sites.problem ? <Trouble problem={sites.problem} again={sites.reload} /> : null}
      {!sites.data && !sites.problem ? <Waiting what="how each site stands" /> : null}
      {sites.data && found.length === 0 ? (
        <Empty icon="providers" title="No site yet">
          <p>A site is a group of mail hosts that several domains share, and the unit that limits count by. It shows here with the first message to it: how fast it may go, what slows it down, and whose limit that is.</p>
        </Empty>
      ) : null}
      {found.length > 0 ? <Table sites={found} /> : null}
    </>
  );
}

function Table({ sites }: { sites: Site[] }) {
  return (
    <table class="sites" data-rows>
      <thead>
        <tr><th>Site</th><th>State</th><th class="number">Waiting</th><th class="number">Connections</th><th class="number">Pace</th><th>What holds it</th></tr>
      </thead>
      <tbody>
        {sites.map((site) => (
          <tr key={site.site} data-row>
            <td class="to"><a href={`/providers/${encodeURIComponent(site.site)}`} data-open>{site.site}</a></td>
            <td><SiteState site={site} /></td>
            <td class="number" data-label="waiting">{count(site.queued)}</td>
            <td class="number" data-label="connections">{connections(site)}</td>
            <td class="number" data-label="pace">{site.per_second ? rate(null, site.per_second) : 'no limit'}</td>
            <td class="why"><Holds site={site} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SiteState({ site }: { site: Site }) {
  const { tone, icon, word } = siteTone(site.measure);
  return <span class={`state tone-${tone}`}><Icon name={icon} />{word}</span>;
}

function connections(site: Site): string {
  return `${site.attempts ?? 0} of ${site.connections_max ?? site.connections_limit ?? '–'}`;
}

function Holds({ site }: { site: Site }) {
  if (!site.reason) return <span class="quiet">nothing</span>;
  return (
    <>
      <span>{site.reason}</span>
      {site.next_attempt_at ? <span class="quiet"> · next <Time at={site.next_attempt_at} /></span> : null}
    </>
  );
}

export function ProviderScreen({ site: name }: { site: string }) {
  const window = windowOf(place.use().query);
  const sites = useResource<Sites>('/v1/providers', EVERY_MS);
  const site = (sites.data?.data as Site[] | undefined)?.find((each) => each.site === name);
  const history = useResource<History>(site ? `/v1/history?window=${window}&provider=${encodeURIComponent(site.provider ?? name)}` : null, EVERY_MS * 3);
  return (
    <>
      <p class="crumb"><a href="/providers">Providers</a> <span class="quiet">/</span></p>
      <div class="head">
        <h1 tabIndex={-1} class="break">{name}</h1>
        {site ? <SiteState site={site} /> : null}
        <div class="rest"><WindowPicker /></div>
      </div>
      {sites.problem ? <Trouble problem={sites.problem} again={sites.reload} /> : null}
      {!sites.data && !sites.problem ? <Waiting what="how it stands" /> : null}
      {sites.data && !site ? (
        <Empty icon="providers" title="Nothing is known of this site now">
          <p>It is forgotten some time after its last message. <a href={`/activity?host=${encodeURIComponent(name)}`}>Look in Activity</a>.</p>
        </Empty>
      ) : null}
      {site ? <Found site={site} history={history.data} /> : null}
    </>
  );
}

function Found({ site, history }: { site: Site; history: History | undefined }) {
  const limits = Object.entries(site.limits as Record<string, Limit>);
  return (
    <div class="stack">
      {site.reason ? (
        <section class={`cause tone-${siteTone(site.measure).tone}`} aria-labelledby="holds">
          <h2 id="holds"><Icon name={siteTone(site.measure).icon} />{count(site.queued)} waiting</h2>
          <p class="summary">{site.reason}</p>
          {site.limit_origin ? <p><span class="label">The limit stands in</span> <code>{site.limit_origin}</code></p> : null}
          {site.next_attempt_at ? <p class="next"><Icon name="expired" /><span>Next attempt <strong><Time at={site.next_attempt_at} /></strong></span></p> : null}
        </section>
      ) : null}
      {history ? <section class="card" aria-labelledby="flow"><h2 id="flow">What became of its mail</h2><Plot history={history} /></section> : null}
      <section class="card" aria-labelledby="limits">
        <h2 id="limits">Limits, and whose they are</h2>
        <table class="limits">
          <thead><tr><th>Limit</th><th class="number">Now</th><th class="number">Most</th><th>Stands in</th></tr></thead>
          <tbody>
            {limits.map(([key, limit]) => (
              <tr key={key}>
                <td>{LIMITS[key] ?? key}</td>
                <td class="number">{key === 'connections' ? site.attempts ?? 0 : limit.used ?? ''}</td>
                <td class="number">{limit.most}</td>
                <td><code>{limit.origin}</code></td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {site.last_trouble ? (
        <section class="card" aria-labelledby="trouble">
          <h2 id="trouble">Last trouble{site.troubles ? ` of ${count(site.troubles)} in a row` : ''}</h2>
          <blockquote class="reply">{site.last_trouble}</blockquote>
        </section>
      ) : null}
      <p><a class="button" href={`/diagnose?target=${encodeURIComponent(site.site)}`}>Run the doctor on it</a></p>
    </div>
  );
}
