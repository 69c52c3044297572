import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, type Refusal, relay, request } from '../client';
import type { DoctorReport, Finding, Rung } from '../contract';
import { milliseconds, visible, visibleLines } from '../format';
import { CauseBlock } from '../parts/cause';
import { Copyable, CopyButton } from '../parts/copy';
import { Icon, type IconName } from '../parts/icon';
import { Trouble } from '../parts/notice';
import { asRefusal } from '../resource';
import { go, place, withQuery } from '../route';
import type { Explanation } from '../schema';
import { eventsOf } from '../stream';
import { whoActs } from '../words';

const RUNGS = ['name', 'connect', 'TLS', 'login', 'accept', 'inbox'];
const QUESTIONS: Record<number, string> = {
  1: 'Is the name found?', 2: 'Does the port answer?', 3: 'Is the connection safe?', 4: 'Is the login taken?',
  5: 'Is the message accepted?', 6: 'Does it reach the inbox?',
};

export function DiagnoseScreen() {
  const { query } = place.use();
  const what = query.get('what') === 'reply' ? 'reply' : 'server';
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>Diagnose</h1>
        <div class="rest">
          <div class="choice" role="group" aria-label="What to look at">
            <button type="button" aria-pressed={what === 'server'} onClick={() => go(withQuery({ what: '' }), 'replace')}>A server</button>
            <button type="button" aria-pressed={what === 'reply'} onClick={() => go(withQuery({ what: 'reply' }), 'replace')}>A reply</button>
          </div>
        </div>
      </div>
      {what === 'reply' ? <AskReply /> : <AskServer />}
    </>
  );
}

interface Run {
  target: string;
  rungs: Map<number, Rung>;
  report?: DoctorReport;
  running: boolean;
  problem?: Refusal;
}

function AskServer() {
  const { query } = place.use();
  const [run, setRun] = useState<Run>();
  const isDemo = relay.use()?.demo;
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const body: Record<string, string> = {};
    for (const name of ['target', 'to', 'user', 'password']) {
      const value = String(form.get(name) ?? '');
      if (value) body[name] = name === 'password' ? value : value.trim();
    }
    go(withQuery({ target: body['target'] ?? '', to: body['to'] ?? '' }), 'replace');
    stop.current?.abort();
    const control = new AbortController();
    stop.current = control;
    const begun: Run = { target: body['target'] ?? '', rungs: new Map(), running: true };
    setRun(begun);
    try {
      const answer = await request('/v1/doctor', { method: 'POST', body, signal: control.signal });
      for await (const told of eventsOf(answer)) {
        if (told.name === 'end') break;
        if (told.name === 'doctor') setRun((before) => before && withStep(before, JSON.parse(told.data) as Rung | DoctorReport));
      }
      setRun((before) => before && { ...before, running: false });
    } catch (failure) {
      if (!control.signal.aborted) setRun((before) => before && { ...before, running: false, problem: asRefusal(failure) });
    }
  };

  return (
    <div class="stack">
      <form class="card" onSubmit={onSubmit}>
        <div class="fields">
          <label>Server or domain
            <input name="target" required placeholder="smtp.example.com:587 or example.com" spellcheck={false} autocapitalize="off"
              defaultValue={query.get('target') ?? ''} />
          </label>
          <label><span>Recipient to ask about <span class="quiet">(nothing is sent)</span></span>
            <input name="to" type="email" placeholder="bob@example.net" defaultValue={query.get('to') ?? ''} />
          </label>
          <button type="submit" class="main" disabled={run?.running}>{run?.running ? 'Looking …' : 'Find what is broken'}</button>
        </div>
        <details class="with-login">
          <summary>With a login</summary>
          <div class="fields">
            <label>User<input name="user" autocomplete="off" spellcheck={false} autocapitalize="off" /></label>
            <label><span>Password <span class="quiet">(only over TLS that holds; not kept)</span></span>
              <input name="password" type="password" autocomplete="off" />
            </label>
          </div>
        </details>
      </form>
      {isDemo ? (
        <p class="quiet lead">
          In this demo a pretend provider is asked by its domain, as mail asks it: <code>gmail.test</code>, <code>dead.test</code>. Its hosts listen at
          a port of the demo's own, so that one that is named itself, as <code>mx.gmail.test</code>, seems closed.
        </p>
      ) : null}
      {run ? <Ladder run={run} /> : (
        <p class="quiet lead">
          Six steps, from the name to the inbox. The first that is broken is named, with what was seen, who has to act, and what to do.
          The same on the command line: <code>waypost doctor smtp.example.com:587</code>.
        </p>
      )}
    </div>
  );
}

function withStep(run: Run, told: Rung | DoctorReport): Run {
  if (told.event === 'report') return { ...run, report: told };
  const rungs = new Map(run.rungs);
  rungs.set(told.n, told);
  return { ...run, rungs };
}

const LOOKS: Record<string, { icon: IconName; tone: string; word: string }> = {
  pass: { icon: 'delivered', tone: 'good', word: 'ok' },
  warn: { icon: 'deferred', tone: 'warn', word: 'look at this' },
  fail: { icon: 'bounced', tone: 'bad', word: 'broken' },
  skipped: { icon: 'dot', tone: 'calm', word: 'not tried' },
  running: { icon: 'queued', tone: 'calm', word: 'looking …' },
  next: { icon: 'dot', tone: 'calm', word: '' },
};

function Ladder({ run }: { run: Run }) {
  const done = run.rungs.size;
  return (
    <section class="stack" aria-label={`The ladder for ${run.target}`}>
      {run.problem ? <Trouble problem={run.problem} /> : null}
      <ol class="ladder card">
        {RUNGS.map((name, i) => {
          const rung = run.rungs.get(i + 1);
          const status = rung?.status ?? (run.running && i === done ? 'running' : 'next');
          const { icon, tone, word } = LOOKS[status] ?? LOOKS['skipped']!;
          return (
            <li key={name} class={`tone-${tone} is-${status}`}>
              <span class="knot"><Icon name={icon} /></span>
              <div class="rung">
                <span class="name">{i + 1} {name}</span>
                <span class="line">{rung && status !== 'skipped' ? visible(rung.line) : QUESTIONS[i + 1]}</span>
                <span class="state">{word}</span>
                <span class="number quiet">{rung?.ms !== undefined && status !== 'skipped' ? milliseconds(rung.ms) : ''}</span>
              </div>
              {rung?.findings.map((finding) => <Found key={finding.id} finding={finding} />)}
            </li>
          );
        })}
      </ol>
      <p class="verdict-line" role="status">{run.report ? run.report.verdict_text : run.running ? `Looking at ${run.target} …` : ''}</p>
      {run.report ? <Report report={run.report} /> : null}
    </section>
  );
}

function Found({ finding }: { finding: Finding }) {
  return (
    <div class="finding">
      <p><strong>{finding.title}</strong> <span class="quiet">{finding.id} · {finding.confidence}</span></p>
      {finding.observed ? <blockquote class="reply">{visibleLines(finding.observed)}</blockquote> : null}
      {finding.notes.map((note) => <p key={note}>{note}</p>)}
      <div class="fix">
        <ol>
          {finding.fixes.map((fix) => (
            <li key={fix.rank}>
              <div>
                <p>{fix.text} <span class="quiet">({whoActs(fix.who).toLowerCase()}{fix.verified ? '; tried, and it works' : fix.tested ? '; tried' : ''})</span></p>
                {fix.lines?.length ? <Copyable text={fix.lines.join('\n')} what="these lines" /> : null}
              </div>
            </li>
          ))}
        </ol>
      </div>
      {finding.ruled_out.length ? <p class="quiet">Ruled out: {finding.ruled_out.join(', ')}.</p> : null}
    </div>
  );
}

function Report({ report }: { report: DoctorReport }) {
  return (
    <>
      <div class="buttons"><CopyButton text={markdown(report)} label="Copy report" what="for a ticket" /></div>
      {report.evidence.length ? (
        <details class="card">
          <summary>What was said ({report.evidence.length} lines)</summary>
          <pre class="dialogue" tabIndex={0}>
            {report.evidence.map((each) => (
              <span key={each.n} class={each.kind === 'sent' ? 'ours' : each.kind === 'recv' ? 'theirs' : 'remark'}>
                {`${(each.t_ms / 1000).toFixed(3)} ${each.kind === 'sent' ? 'C:' : each.kind === 'recv' ? 'S:' : ' *'} ${visible(each.text)}\n`}
              </span>
            ))}
          </pre>
        </details>
      ) : null}
    </>
  );
}

function markdown(report: DoctorReport): string {
  const lines = [`## Mail submission to ${report.target.host} port ${report.target.port}`, '', report.verdict_text, ''];
  lines.push('| step | | seen |', '| --- | --- | --- |');
  for (const rung of report.rungs) lines.push(`| ${rung.n} ${rung.id} | ${rung.status} | ${rung.line.replaceAll('|', '\\|')} |`);
  for (const finding of report.findings) {
    lines.push('', `### ${finding.id} ${finding.title} (${finding.confidence})`, '', finding.observed, '');
    for (const fix of finding.fixes) lines.push(`- ${fix.text}`, ...(fix.lines ?? []).map((line) => `      ${line}`));
  }
  return lines.join('\n');
}

function AskReply() {
  const [found, setFound] = useState<{ text: string; says: Explanation }>();
  const [problem, setProblem] = useState<Refusal>();
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget as HTMLFormElement).get('text')).trim();
    setProblem(undefined);
    try {
      setFound({ text, says: await ask<Explanation>('/v1/explain', { method: 'POST', body: { text } }) });
    } catch (failure) {
      setFound(undefined);
      setProblem(asRefusal(failure));
    }
  };
  return (
    <div class="stack">
      <form class="card stack" onSubmit={onSubmit}>
        <label>What the server said
          <textarea name="text" required maxLength={16384} spellcheck={false} placeholder="550 5.7.26 Unauthenticated email from shop.example is not accepted …" />
        </label>
        <div class="buttons"><button type="submit" class="main">What does it mean?</button></div>
      </form>
      {problem ? <Trouble problem={problem} /> : null}
      <div aria-live="polite">{found ? <CauseBlock diagnosis={found.says} evidence={{ reply: found.text }} /> : null}</div>
    </div>
  );
}
