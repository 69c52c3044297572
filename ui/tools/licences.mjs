// Writes dist/LICENSES.txt: what the built files carry of others, with their licences.
import { readFileSync, writeFileSync } from 'node:fs';

const parts = ['preact', 'uplot'].map((name) => {
  const folder = new URL(`../node_modules/${name}/`, import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return `${name} ${version}\n\n${readFileSync(new URL('LICENSE', folder), 'utf8').trim()}\n`;
});
writeFileSync(new URL('../dist/LICENSES.txt', import.meta.url),
  `The dashboard's files in assets/ hold, beside Waypost's own code:\n\n${parts.join('\n----\n\n')}`);
