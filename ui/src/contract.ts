/** What the pages read of answers for the dashboard alone. */

export interface OverviewCause {
  cause: string;
  title: string;
  count: number;
  share: number;
  who_acts: string;
  actor: string;
  provider: string | null;
  example_message: string | null;
  last_seen: string;
}

export interface OverviewProvider {
  provider: string;
  accepted: number;
  delivered: number;
  deferred: number;
  bounced: number;
  waiting: number;
  rate_per_second: number | null;
  limit_per_second: number | null;
  state: string;
}

export interface Overview {
  window: string;
  since: string;
  verdict: { state: 'good' | 'attention' | 'slow' | 'failing' | 'idle'; text: string };
  accepted: number;
  delivered: number;
  deferred: number;
  bounced: number;
  waiting: number;
  complained: number;
  apart: Record<'notices' | 'inbound', { accepted: number; delivered: number }>;
  held: number;
  oldest_waiting_seconds: number | null;
  paused: boolean;
  loss: { acknowledged: number; unaccounted: number } | null;
  causes_since: string;
  causes: OverviewCause[];
  providers: OverviewProvider[];
}

export interface BounceCause {
  cause: string;
  title: string;
  class: string;
  who_acts: string;
  actor: string;
  meaning: string;
  fix: string | string[];
  count: number;
  share: number;
  providers: { provider: string; count: number }[];
  first_seen: string;
  last_seen: string;
  example: { message: string; recipient: string; reply: string } | null;
}

export interface Fix {
  rank: number;
  who: string;
  text: string;
  lines?: string[];
  tested: boolean;
  verified: boolean;
}

export interface Finding {
  id: string;
  severity: 'error' | 'warning' | 'note';
  confidence: string;
  rung: number;
  title: string;
  observed: string;
  fixes: Fix[];
  notes: string[];
  ruled_out: string[];
}

export interface Rung {
  event: 'rung';
  n: number;
  id: string;
  status: 'pass' | 'warn' | 'fail' | 'skipped' | string;
  ms?: number;
  line: string;
  findings: Finding[];
}

export interface DoctorReport {
  event: 'report';
  verdict: string;
  verdict_text: string;
  target: { host: string; port: number };
  rungs: { n: number; id: string; status: string; line: string; ms?: number }[];
  findings: Finding[];
  evidence: { n: number; t_ms: number; kind: string; connection: string; text: string }[];
}
