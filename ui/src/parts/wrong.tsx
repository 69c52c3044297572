import type { Refusal } from '../client';
import { Icon } from './icon';

/** What was refused of one field, to stand beside it; the entries of a list are of their field. */
export function saidOf(problem: Refusal | undefined, field: string): string | undefined {
  const said = problem?.fields.find((each) => each.field === field || each.field.startsWith(`${field}[`))?.message;
  return said && said.charAt(0).toUpperCase() + said.slice(1);
}

/** What links a field to what is said against it. */
export function describedBy(field: string, said: string | undefined) {
  return said ? { 'aria-describedby': `wrong-${field}` } : {};
}

export function Wrong({ field, said }: { field: string; said: string | undefined }) {
  return said ? <p class="wrong" id={`wrong-${field}`}><Icon name="warning" /><span>{said}</span></p> : null;
}
