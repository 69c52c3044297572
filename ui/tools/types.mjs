// Writes src/schema.ts: the types of the API, as its OpenAPI document has them.
import { readFileSync, writeFileSync } from 'node:fs';

const document = JSON.parse(readFileSync(new URL('../../docs/format/openapi.json', import.meta.url), 'utf8'));

function named(reference) {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

function type(schema) {
  if (schema.$ref) return named(schema.$ref);
  if (schema.oneOf) return schema.oneOf.map(type).join(' | ');
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) return schema.type.map((each) => type({ ...schema, type: each })).join(' | ');
  switch (schema.type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': return `Array<${type(schema.items ?? {})}>`;
    case 'object': return object(schema);
    default: return 'unknown';
  }
}

function object(schema) {
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).map(([name, each]) =>
    `${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required.has(name) ? '' : '?'}: ${type(each)};`);
  if (schema.additionalProperties && schema.additionalProperties !== true && !members.length)
    return `Record<string, ${type(schema.additionalProperties)}>`;
  if (schema.additionalProperties !== false) members.push('[other: string]: unknown;');
  return `{ ${members.join(' ')} }`;
}

const types = Object.entries(document.components.schemas)
  .map(([name, schema]) => `export type ${name} = ${type(schema)};`);
writeFileSync(new URL('../src/schema.ts', import.meta.url),
  `// Made from docs/format/openapi.json by tools/types.mjs; not to be edited.\n\n${types.join('\n\n')}\n`);
