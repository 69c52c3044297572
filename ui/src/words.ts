import { titles } from './causes';
import type { IconName } from './parts/icon';

/** How a state looks and what it means: the words are those of the API, the command line and the event log. */
export interface StateWord {
  word: string;
  tone: 'good' | 'warn' | 'bad' | 'ours' | 'calm';
  icon: IconName;
  means: string;
}

const UNKNOWN: StateWord = { word: '', tone: 'calm', icon: 'dot', means: '' };

const STATES: Record<string, Omit<StateWord, 'word'>> = {
  queued: { tone: 'calm', icon: 'queued', means: 'We hold it safely on disk, and are about to send it.' },
  throttled: { tone: 'ours', icon: 'throttled', means: 'We hold it back on purpose, by a limit that is named, until a time that is known.' },
  deferred: { tone: 'warn', icon: 'deferred', means: 'They said "not now", or did not answer. We try again.' },
  scheduled: { tone: 'ours', icon: 'scheduled', means: 'You asked for a later time.' },
  rescheduled: { tone: 'ours', icon: 'scheduled', means: 'A person named the time at which it is to be sent.' },
  held: { tone: 'ours', icon: 'held', means: 'A person holds or pauses it.' },
  released: { tone: 'calm', icon: 'queued', means: 'A person let it go on.' },
  delivered: { tone: 'good', icon: 'delivered', means: 'Their server said 250. That is no proof of an inbox.' },
  bounced: { tone: 'bad', icon: 'bounced', means: 'They said no for good, at once or in a bounce that came later.' },
  expired: { tone: 'bad', icon: 'expired', means: 'Its time was over and we gave up.' },
  expiring: { tone: 'warn', icon: 'deferred', means: 'Half of the time before its deadline is over, and it still waits.' },
  suppressed: { tone: 'calm', icon: 'suppressed', means: 'Not tried: the address is on the list of those that are not written to.' },
  cancelled: { tone: 'calm', icon: 'cancelled', means: 'A person removed it.' },
  unknown: { tone: 'warn', icon: 'warning', means: 'It waits no more. How it ended was lost when the relay stopped.' },
  rejected: { tone: 'bad', icon: 'bounced', means: 'We refused it when it was handed in: it was never ours.' },
  accepted: { tone: 'calm', icon: 'accepted', means: 'It is on stable storage.' },
  late_bounced: { tone: 'bad', icon: 'bounced', means: 'Their server had taken it, and a bounce came back later.' },
  late_delayed: { tone: 'warn', icon: 'deferred', means: 'The server that had taken it could not pass it on yet.' },
  complained: { tone: 'bad', icon: 'warning', means: 'The recipient, or their provider for them, calls it unwanted.' },
  unsubscribed: { tone: 'calm', icon: 'suppressed', means: 'The recipient asked for no more of this stream.' },
  auto_replied: { tone: 'calm', icon: 'dot', means: 'A program answered in the place of the recipient.' },
};

export function stateWord(state: string): StateWord {
  const known = STATES[state];
  const word = state.replaceAll('_', ' ');
  return known ? { word, ...known } : { ...UNKNOWN, word };
}

export const STATUSES = ['deferred', 'throttled', 'queued', 'scheduled', 'held', 'bounced', 'expired', 'suppressed', 'cancelled', 'unknown', 'delivered'] as const;
export const WAITING = new Set(['queued', 'throttled', 'deferred', 'scheduled', 'held']);

const WHO: Record<string, string> = {
  sender: 'You',
  recipient: 'The recipient',
  receiver: 'Who runs their server',
  'domain-owner': 'Who owns the domain',
  nobody: 'Nobody: it passes by itself',
  unknown: 'The reply does not say',
  client: 'You',
  server: 'Who runs the server',
  network: 'Who runs the network',
  dns: 'Who runs the DNS',
  provider: 'The provider',
};

/** `actor` says it more closely, where the answer has it: the recipient is not who mends a list. */
export function whoActs(who: string, actor?: string): string {
  if (actor && who !== 'nobody' && who !== 'unknown') return actor.charAt(0).toUpperCase() + actor.slice(1);
  return WHO[who] ?? who;
}

const PHASES: Record<string, string> = {
  resolve: 'DNS', egress: 'way out', connect: 'connect', greeting: 'greeting', hello: 'EHLO', tls: 'TLS', login: 'login',
  mail: 'MAIL', rcpt: 'RCPT', data: 'DATA', content: 'content',
};

export function phaseWord(phase: string): string {
  return PHASES[phase] ?? phase;
}

const NAMES = /\b(dkim|dmarc|dns|helo|ip|mx|ptr|spf|tls)\b/g;

/** Its title; of what is no class, such as the reason "by-hand", the words of the slug. */
export function classWord(slug: string): string {
  const title = titles.get()[slug];
  if (title) return title;
  const text = slug.replaceAll('-', ' ').replace(NAMES, (name) => name.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The same within a sentence: "the mailbox is full", but "DNS gave no answer". */
export function classWithin(slug: string): string {
  return classWord(slug).replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase());
}

/** Where mail did not get to any server. */
export const NO_SITE = 'no-mail-host';

const PROVIDERS: Record<string, string> = {
  google: 'Gmail', gmail: 'Gmail', microsoft: 'Microsoft', yahoo: 'Yahoo', apple: 'iCloud', gmx: 'GMX', orange: 'Orange', outlook: 'Outlook',
  'no-mail-host': 'No mail host known',
};

export function providerWord(id: string): string {
  return PROVIDERS[id] ?? id;
}

/** What a key with that scope may. */
export const SCOPES = {
  send: 'Send mail, by SMTP and over HTTP; cancel and reschedule what it has sent.',
  read: 'See what became of its tenant\'s mail, the queue, events and metrics.',
  admin: 'See the mail of all tenants; act on queue, suppressions, providers and domains; make and revoke keys.',
} as const;

/** The keys of a site's limits. */
export const LIMITS: Record<string, string> = {
  connections: 'Connections at a time',
  connections_per_minute: 'New connections a minute',
  messages_per_second: 'Messages a second',
  messages_per_hour: 'Messages an hour',
  messages_per_day: 'Messages a day',
  messages_per_connection: 'Messages of a connection',
  recipients_per_message: 'Recipients of a message',
};
