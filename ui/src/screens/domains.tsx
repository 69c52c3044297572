import { useState } from 'preact/hooks';
import { ask } from '../client';
import type { Domain, DomainRecord } from '../contract';
import { useAct } from '../parts/act';
import { Copyable } from '../parts/copy';
import { Icon } from '../parts/icon';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { useResource } from '../resource';

const PURPOSES: Record<string, string> = {
  spf: 'SPF: which servers may send for the domain',
  dkim: 'DKIM: the key that its signatures are checked with',
  dmarc: 'DMARC: what receivers do with mail that fails both',
  mx: 'MX: where bounces come back to',
};

export function DomainsScreen() {
  const domains = useResource<{ data: Domain[] }>('/v1/domains');
  const found = domains.data?.data ?? [];
  return (
    <>
      <div class="head"><h1 tabIndex={-1}>Domains</h1></div>
      {domains.problem?.code === 404 ? <OnTheMachine /> : null}
      {domains.problem && domains.problem.code !== 404 ? <Trouble problem={domains.problem} again={domains.reload} /> : null}
      {!domains.data && !domains.problem ? <Waiting what="the domains" /> : null}
      {domains.data && found.length === 0 ? (
        <Empty icon="domains" title="No sending domain yet">
          <p>Receivers check mail against what its domain publishes in DNS. On the relay's machine this makes the keys and says exactly what to publish:</p>
          <Copyable text="waypost domains add YOUR-DOMAIN" what="the command" />
        </Empty>
      ) : null}
      {found.length > 0 ? (
        <table data-rows>
          <thead><tr><th>Domain</th><th>Signs with</th><th class="narrow-out">Bounces go to</th></tr></thead>
          <tbody>
            {found.map((each) => (
              <tr key={each.domain} data-row>
                <td><a href={`/domains/${encodeURIComponent(each.domain)}`} data-open>{each.domain}</a></td>
                <td><Signing domain={each} /></td>
                <td class="narrow-out">{each.return_path ?? <span class="quiet">the sender's own address</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </>
  );
}

/** A relay that does not tell its domains over HTTP has them on the command line. */
function OnTheMachine() {
  return (
    <Empty icon="domains" title="Domains are told on the relay's machine">
      <p>Which domains mail is sent from, what each must publish in DNS, and whether receivers see it:</p>
      <Copyable text={'waypost domains ls\nwaypost domains show YOUR-DOMAIN\nwaypost domains verify YOUR-DOMAIN'} what="the commands" />
    </Empty>
  );
}

function Signing({ domain }: { domain: Domain }) {
  const signing = domain.keys.filter((each) => each.state === 'signing');
  if (signing.length)
    return <span class="state tone-good"><Icon name="delivered" />{signing.map((each) => each.type).join(', ')}</span>;
  return <span class="state tone-warn"><Icon name="deferred" />no key yet: publish the records</span>;
}

export function DomainScreen({ name }: { name: string }) {
  const path = `/v1/domains/${encodeURIComponent(name)}`;
  const domain = useResource<Domain>(path);
  const [verified, setVerified] = useState<Domain>();
  const doing = useAct();
  const verify = () => doing.run(async () => {
    const found = await ask<Domain>(`${path}/verify`, { method: 'POST' });
    setVerified(found);
    domain.reload();
    const good = (found.records ?? []).filter((each) => each.good).length;
    return `${good} of ${found.records?.length ?? 0} records are seen as they must be.`;
  });
  const shown = domain.data;
  const records = verified?.records ?? shown?.records ?? [];
  return (
    <>
      <p class="crumb"><a href="/domains">Domains</a> <span class="quiet">/</span></p>
      <div class="head">
        <h1 tabIndex={-1} class="break">{name}</h1>
        {shown ? <Signing domain={shown} /> : null}
        <div class="rest"><button type="button" class="main" disabled={doing.busy} onClick={verify}>{doing.busy ? 'Asking the name servers …' : 'Check now'}</button></div>
      </div>
      <p class="outcome" role="status">{doing.said}</p>
      {doing.problem ? <Trouble problem={doing.problem} /> : null}
      {domain.problem ? <Trouble problem={domain.problem} again={domain.reload} /> : null}
      {!shown && !domain.problem ? <Waiting what="the domain" /> : null}
      {shown ? (
        <div class="stack">
          {(shown.problems ?? []).map((each) => <div key={each} class="notice tone-bad"><Icon name="warning" /><p>{each}</p></div>)}
          {records.map((each) => <Record key={`${each.type} ${each.name} ${each.value}`} record={each} />)}
          <section class="card" aria-labelledby="keys">
            <h2 id="keys">Keys</h2>
            <table>
              <thead><tr><th>Selector</th><th>Kind</th><th>State</th><th>Since</th></tr></thead>
              <tbody>
                {shown.keys.map((each) => (
                  <tr key={each.selector}><td class="mono">{each.selector}</td><td>{each.type}</td><td>{each.state}</td><td><Time at={each.since} /></td></tr>
                ))}
              </tbody>
            </table>
          </section>
        </div>
      ) : null}
    </>
  );
}

function Record({ record }: { record: DomainRecord }) {
  const good = record.good ?? record.published;
  const differing = (record.observations ?? []).filter((each) => each.difference && each.difference !== 'none');
  return (
    <section class="card">
      <header>
        <h2>{PURPOSES[record.purpose] ?? record.purpose}</h2>
        <span class={`pill tone-${good ? 'good' : 'warn'}`}>
          <Icon name={good ? 'check' : 'deferred'} />{good ? 'seen' : record.observations ? 'not as it must be' : 'to be published'}
        </span>
      </header>
      <dl class="record">
        <dt>Type</dt><dd>{record.type}</dd>
        <dt>Name</dt><dd><Copyable text={record.relative_name} what="the name" />
          {record.relative_name !== record.name ? <span class="quiet">in full: {record.name}</span> : null}</dd>
        <dt>Value</dt><dd><Copyable text={record.value} what="the value" /></dd>
      </dl>
      {record.remarks.map((each) => <p key={each} class="quiet">{each}</p>)}
      {differing.map((each) => (
        <div key={each.server} class="seen tone-warn">
          <p><strong>{each.server}</strong>: {each.words || each.difference}</p>
          {each.seen.map((text) => <blockquote key={text} class="reply">{text}</blockquote>)}
        </div>
      ))}
    </section>
  );
}
