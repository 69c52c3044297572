import { ask } from '../client';
import { useRowLeft } from '../keys';
import { useAct } from '../parts/act';
import { Icon, type IconName } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { useResource } from '../resource';
import { go, place, withQuery } from '../route';
import type { DomainList, DomainPlan, SendingDomain, SigningKey } from '../schema';

interface Look { tone: string; icon: IconName; word: string; means: string }

/** How a domain stands, by its keys: what DNS says is asked on its own page. */
export function domainState(keys: SigningKey[]): Look {
  if (keys.some((each) => each.state === 'signing')) return { tone: 'good', icon: 'delivered', word: 'signs', means: 'Its mail is signed.' };
  if (keys.some((each) => each.state === 'prepared')) return { tone: 'warn', icon: 'deferred', word: 'waits for its records', means: 'Its mail is signed once receivers see the records of its keys.' };
  return { tone: 'bad', icon: 'bounced', word: 'not signed', means: 'It has no key that signs or could.' };
}

export function DomainState({ keys }: { keys: SigningKey[] }) {
  const { tone, icon, word, means } = domainState(keys);
  return <span class={`state tone-${tone}`} title={means}><Icon name={icon} />{word}</span>;
}

export function DomainsScreen() {
  const after = place.use().query.get('after') ?? '';
  const list = useResource<DomainList>(`/v1/domains?limit=100${after ? `&after=${encodeURIComponent(after)}` : ''}`);
  const found = list.data?.data ?? [];
  return (
    <>
      <div class="head"><h1 tabIndex={-1}>Domains</h1></div>
      <div class="stack">
        <AddDomain />
        {list.problem ? <Trouble problem={list.problem} again={list.reload} /> : null}
        {!list.data && !list.problem ? <Waiting what="the domains" /> : null}
        {list.data && found.length === 0 ? (
          <Empty icon="domains" title="No sending domain yet">
            <p>Receivers check mail against what its domain publishes in DNS. Add the domain that your mail is from: this makes its keys, says exactly what to publish, and then looks whether receivers see it.</p>
          </Empty>
        ) : null}
        {found.length > 0 ? <Table found={found} /> : null}
        {list.data?.has_more && list.data.next_after ? (
          <p class="more"><a class="button" href={withQuery({ after: list.data.next_after })}>More</a></p>
        ) : null}
      </div>
    </>
  );
}

function AddDomain() {
  const doing = useAct();
  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(fields.get(name) ?? '').trim();
    const senders = text('senders').split(/[\s,]+/).filter(Boolean);
    const reports = text('reports');
    await doing.run(async () => {
      const made = await ask<DomainPlan>('/v1/domains', {
        method: 'POST', body: { domain: text('domain'), ...(senders.length ? { senders } : {}), ...(reports ? { reports } : {}) },
      });
      go(`/domains/${encodeURIComponent(made.domain)}`);
      return '';
    });
  };
  return (
    <>
      <form class="card" onSubmit={add} aria-label="Add a domain">
        <div class="fields">
          <label>Domain that mail is from<input name="domain" required placeholder="shop.example" autocomplete="off" spellcheck={false} autocapitalize="none" /></label>
          <label><span>Sent from <span class="quiet">(without it: this relay)</span></span><input name="senders" placeholder="192.0.2.1" autocomplete="off" spellcheck={false} /></label>
          <label><span>Reports to <span class="quiet">(without it: postmaster)</span></span><input name="reports" type="email" placeholder="dmarc@shop.example" autocomplete="off" /></label>
          <button type="submit" disabled={doing.busy}>{doing.busy ? 'Making its keys …' : 'Add the domain'}</button>
        </div>
      </form>
      {doing.problem ? <Trouble problem={doing.problem} /> : null}
    </>
  );
}

function Table({ found }: { found: SendingDomain[] }) {
  useRowLeft();
  return (
    <table class="sites" data-rows>
      <thead><tr><th>Domain</th><th>State</th><th>Keys</th><th>Since</th></tr></thead>
      <tbody>
        {found.map((each) => (
          <tr key={each.domain} data-row>
            <td class="to"><a href={`/domains/${encodeURIComponent(each.domain)}`} data-open>{each.domain}</a></td>
            <td><DomainState keys={each.keys} /></td>
            <td class="why">{each.problem ?? keysInWords(each.keys)}</td>
            <td class="when">{each.keys.length > 0 ? <Time at={latest(each.keys)} /> : null}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function keysInWords(keys: SigningKey[]): string {
  return keys.filter((each) => each.state !== 'retired').map((each) => `${each.type} ${each.state}`).join(', ') || 'none';
}

function latest(keys: SigningKey[]): string {
  return keys.map((each) => each.since).sort().at(-1) ?? '';
}
