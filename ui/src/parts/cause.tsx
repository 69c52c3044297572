import type { Explanation } from '../schema';
import { classWithin, classWord, providerWord, whoActs } from '../words';
import { visible, visibleLines } from '../format';
import { CopyButton } from './copy';
import { Icon, type IconName } from './icon';

export interface Evidence {
  reply?: string | undefined;
  /** No server said it: it is the relay's own word. */
  isOurs?: boolean;
  facts?: [string, string][];
}

/** Their words, with the part marked that decided. Positions count octets, and fit where the text is ASCII. */
function Reply({ reply, mark }: { reply: string; mark: Explanation['evidence'] }) {
  const part = mark && typeof mark['text'] === 'string' ? mark['text'] : '';
  const at = part ? reply.indexOf(part) : -1;
  return (
    <blockquote class="reply">
      {at < 0 ? visibleLines(reply) : <>{visibleLines(reply.slice(0, at))}<mark>{visibleLines(part)}</mark>{visibleLines(reply.slice(at + part.length))}</>}
    </blockquote>
  );
}

/** What the rules have in backticks is to be typed or read as it stands. */
function Words({ text }: { text: string }) {
  return <>{text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}

function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl class="facts">
      {facts.filter(([, value]) => value).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{visible(value)}</dd></div>
      ))}
    </dl>
  );
}

/** Why, who acts, what to do, and what was said: the same on every surface. */
export function CauseBlock({ diagnosis, evidence, alike, recheck }: {
  diagnosis: Explanation; evidence?: Evidence; alike?: string | undefined; recheck?: string | undefined;
}) {
  const permanent = diagnosis.disposition === 'permanent';
  const tone = permanent ? 'bad' : 'warn';
  const icon: IconName = permanent ? 'bounced' : 'deferred';
  const others = diagnosis.alternatives.map(classWithin).join('; ');
  const facts: [string, string][] = [
    ['Confidence', diagnosis.confidence + (others ? `; it could also be: ${others}` : '')],
    ['Provider', diagnosis.provider ? providerWord(diagnosis.provider) : ''],
    ['The code means', diagnosis.standard_meaning ?? ''],
    ...(evidence?.facts ?? []),
    ['Rule', diagnosis.rule ?? ''],
  ];
  return (
    <section class={`cause tone-${tone}`} aria-labelledby="why">
      <h2 id="why"><Icon name={icon} />{classWord(diagnosis.class)}</h2>
      <p class="summary"><Words text={diagnosis.meaning} /></p>
      <p class="who"><span class="label">Who acts</span> <strong>{whoActs(diagnosis.who, diagnosis.actor)}</strong></p>
      {diagnosis.remedy.length > 0 ? (
        <div class="fix">
          <h3>What to do</h3>
          <ol>{diagnosis.remedy.map((step) => <li key={step}><span><Words text={step} /></span></li>)}</ol>
          <div class="buttons">
            <CopyButton text={diagnosis.remedy.map((step, i) => `${i + 1}. ${step}`).join('\n')} label="Copy" what="the steps" />
            {recheck ? <a class="button small" href={recheck}>Re-check with the doctor</a> : null}
            {alike ? <a class="button small" href={alike}>Others with this cause</a> : null}
          </div>
        </div>
      ) : null}
      {evidence?.reply ? <div class="said"><h3>{evidence.isOurs ? 'What the relay says' : 'What they said'}</h3><Reply reply={evidence.reply} mark={diagnosis.evidence} /></div> : null}
      <Facts facts={facts} />
    </section>
  );
}
