import { useState } from 'preact/hooks';
import type { BounceCause } from '../contract';
import { count, percent, plural, visible } from '../format';
import { CopyButton } from '../parts/copy';
import { Empty, Trouble, Waiting } from '../parts/notice';
import { Time } from '../parts/time';
import { WINDOWS, WindowPicker, windowOf } from '../parts/window';
import { useResource } from '../resource';
import { place } from '../route';
import { providerWord, whoActs } from '../words';

export function BouncesScreen() {
  const { query } = place.use();
  const window = windowOf(query);
  const provider = query.get('provider') ?? '';
  const bounces = useResource<{ data: BounceCause[]; since: string }>(
    `/v1/bounces?window=${window}${provider ? `&provider=${encodeURIComponent(provider)}` : ''}`, 30_000);
  const causes = bounces.data?.data ?? [];
  const most = Math.max(1, ...causes.map((each) => each.count));
  const all = causes.reduce((sum, each) => sum + each.count, 0);
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>Bounces by cause</h1>
        {causes.length ? <span class="quiet">{plural(all, 'recipient', 'recipients')}, {plural(causes.length, 'cause', 'causes')}{provider ? `, ${providerWord(provider)} only` : ''}</span> : null}
        <div class="rest">{provider ? <a class="button small" href={`/bounces?window=${window}`}>All providers</a> : null}<WindowPicker /></div>
      </div>
      {bounces.problem ? <Trouble problem={bounces.problem} again={bounces.reload} /> : null}
      {!bounces.data && !bounces.problem ? <Waiting what="why mail bounced" /> : null}
      {bounces.data && causes.length === 0 ? (
        <Empty icon="bounces" title={`Nothing bounced in the ${WINDOWS[window].toLowerCase()}`}>
          <p>When something does, it is told here by what is behind it, not by its code: who has to act, what to do, and how many share it.</p>
          <p>Have a reply from elsewhere? <a href="/diagnose?what=reply">Ask what it means</a>.</p>
        </Empty>
      ) : null}
      <ul class="pareto">{causes.map((each) => <Cause key={each.cause} cause={each} since={bounces.data?.since ?? ''} most={most} open={decodeURIComponent(location.hash.slice(1)) === each.cause} />)}</ul>
    </>
  );
}

function Cause({ cause, since, most, open }: { cause: BounceCause; since: string; most: number; open: boolean }) {
  const [shown, show] = useState(open);
  const { query } = place.use();
  const window = windowOf(query);
  const steps = Array.isArray(cause.fix) ? cause.fix : cause.fix ? [cause.fix] : [];
  const asked = new URLSearchParams({ status: 'bounced,expired', direction: 'sent', class: cause.class, happened_since: since });
  const provider = query.get('provider');
  if (provider) asked.set('provider', provider);
  const rows = `/activity?${asked.toString()}`;
  return (
    <li class="card" id={cause.cause}>
      <h2>
        <button type="button" class="pareto-head" aria-expanded={shown} onClick={() => show(!shown)}>
          <span class="title">{cause.title}</span>
          <span class="bar" aria-hidden="true"><i style={{ width: `${(cause.count / most) * 100}%` }} /></span>
          <span class="number">{count(cause.count)} <span class="quiet">{percent(cause.share)}</span></span>
          <span class="quiet who">{whoActs(cause.who_acts, cause.actor)}</span>
        </button>
      </h2>
      {shown ? (
        <div class="pareto-body tone-bad">
          <p class="summary">{cause.meaning}</p>
          <p><span class="label">Who acts</span> <strong>{whoActs(cause.who_acts, cause.actor)}</strong></p>
          {steps.length ? (
            <div class="fix">
              <h3>What to do</h3>
              <ol>{steps.map((step) => <li key={step}>{step}</li>)}</ol>
              <CopyButton text={steps.map((step, i) => `${i + 1}. ${step}`).join('\n')} what="the steps" />
            </div>
          ) : null}
          {cause.example ? (
            <div class="said">
              <h3>For example, to <bdi>{visible(cause.example.recipient)}</bdi></h3>
              <blockquote class="reply">{visible(cause.example.reply)}</blockquote>
            </div>
          ) : null}
          <p class="quiet">
            {cause.providers.map((each, i) => (
              <span key={each.provider}>{i ? ', ' : ''}<a href={`/bounces?window=${window}&provider=${encodeURIComponent(each.provider)}`}>{providerWord(each.provider)}</a> {count(each.count)}</span>
            ))}
            {cause.providers.length ? ' · ' : ''}first <Time at={cause.first_seen} />, last <Time at={cause.last_seen} />
          </p>
          <div class="buttons">
            <a class="button small" href={rows}>All of them</a>
            {cause.example ? <a class="button small" href={`/messages/${cause.example.message}`}>The example</a> : null}
          </div>
        </div>
      ) : null}
    </li>
  );
}
