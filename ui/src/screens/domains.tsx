import { Copyable } from '../parts/copy';
import { Empty } from '../parts/notice';

const COMMANDS = ['waypost domains ls', 'waypost domains add YOUR-DOMAIN', 'waypost domains verify YOUR-DOMAIN'];

/** Domains and their keys are told on the relay's machine alone: what is published asks the name system, which takes time. */
export function DomainsScreen() {
  return (
    <>
      <div class="head"><h1 tabIndex={-1}>Domains</h1></div>
      <Empty icon="domains" title="Domains are told on the relay's machine">
        <p>
          Receivers check mail against what its domain publishes in DNS. On the relay's machine these list the sending domains, make
          the keys of one and say exactly what to publish, and ask its name servers whether receivers see it:
        </p>
        <Copyable text={COMMANDS.join('\n')} what="the commands" />
      </Empty>
    </>
  );
}
