// @ts-check
/**
 * The tables of docs/events.md, made of the types of the events and their comments: `npm run docs` writes them, and
 * `npm run check` fails when the page is not what the types say.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TOOLS } from './run.js';
import { ROOT } from './services-node.js';

/** @typedef {typeof import('./api-docs/node_modules/typescript/lib/typescript.js')} TypeScript */

/** @typedef {import('./api-docs/node_modules/typescript/lib/typescript.js').InterfaceDeclaration} Interface */
/** @typedef {import('./api-docs/node_modules/typescript/lib/typescript.js').TypeElement} Member */
/** @typedef {{ readonly name: string, readonly type: string, readonly text: string }} Field */
/** @typedef {{ readonly text: string, readonly base: string | undefined, readonly fields: readonly Field[] }} Shape */

const PAGE = join(ROOT, 'docs', 'events.md');
/** What each part of the page is made of: its events are the members of the interface. */
const PARTS = [
  { title: 'A worker', events: 'WorkerEvents', file: 'packages/core/src/worker-events.ts' },
  { title: 'An app', events: 'AppEvents', file: 'packages/core/src/app-events.ts' },
];
const BEGIN = '<!-- Made of the types by `npm run docs`; what is written below is overwritten. -->';

/**
 * The one TypeScript of the workspace that has a JavaScript API; asked for when it is needed, since on a fresh checkout
 * this file is read before anything is installed.
 * @returns {TypeScript}
 */
function typescript() {
  return createRequire(join(ROOT, 'scripts', 'api-docs', 'package.json'))('typescript');
}

/** Writes the page's tables. */
export function writeEvents() {
  const { page, wanted } = compare();
  if (page !== wanted) writeFileSync(PAGE, wanted);
}

/**
 * Compares the page with the types.
 * @returns {{ code: number, output: string }} 0 when it says what they say
 */
export function checkEvents() {
  const { page, wanted } = compare();
  if (page === wanted) return { code: 0, output: '' };
  return { code: 1, output: 'docs/events.md: expected the tables of the types, found others: run npm run docs' };
}

function compare() {
  const page = readFileSync(PAGE, 'utf8');
  const end = page.indexOf(BEGIN);
  if (end === -1) throw new Error(`${PAGE}: expected the line ${BEGIN}, found none`);
  const tables = PARTS.map(({ title, events, file }) => {
    const source = readFileSync(join(ROOT, file), 'utf8');
    return `## ${title}\n\n${describeEvents(source, events, file)}`;
  });
  return { page, wanted: format(`${page.slice(0, end)}${BEGIN}\n\n${tables.join('\n')}`) };
}

/**
 * As `npm run format` writes it.
 * @param {string} text
 */
function format(text) {
  const args = [TOOLS.biome, 'format', `--stdin-file-path=${PAGE}`];
  return execFileSync(process.execPath, args, { cwd: ROOT, input: text, encoding: 'utf8' });
}

/**
 * The events of one interface as a table, and a table of what each carries.
 * @param {string} source TypeScript
 * @param {string} events name of the interface
 * @param {string} file for error texts
 * @throws where a name has no comment, or the source is written in another way than this reads
 */
export function describeEvents(source, events, file = 'events.ts') {
  const shapes = readShapes(source, file);
  const map = shapes.get(events);
  if (map === undefined) throw new Error(`${file}: expected the interface ${events}, found none`);
  shapes.delete(events);
  const unknown = map.fields.find(({ type }) => !shapes.has(type));
  if (unknown)
    throw new Error(`${file}: expected an interface of this file for '${unknown.name}', found ${unknown.type}`);
  const rows = map.fields.map(
    ({ name, type, text }) => `| \`${name}\` | ${text} | [${type}](#${type.toLowerCase()}) |`,
  );
  const parts = [...shapes].map(([name, { text, base, fields }]) => {
    const rest = fields.length > 0 ? ', and:' : '.';
    const also = base === undefined ? '' : ` As [${base}](#${base.toLowerCase()})${rest}`;
    const own = fields.map(
      (field) => `| \`${field.name}\` | \`${field.type.replaceAll('|', '\\|')}\` | ${field.text} |`,
    );
    const table = fields.length === 0 ? [] : ['', '| field | type | what |', '|---|---|---|', ...own];
    return [`### ${name}`, '', `${text}${also}`, ...table, ''].join('\n');
  });
  return ['| event | when | carries |', '|---|---|---|', ...rows, '', ...parts].join('\n');
}

/**
 * @param {string} source
 * @param {string} file
 * @returns {Map<string, Shape>} the exported interfaces by name, in their order
 */
function readShapes(source, file) {
  const ts = typescript();
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  /** @type {Map<string, Shape>} */
  const shapes = new Map();
  for (const statement of tree.statements) {
    if (!ts.isInterfaceDeclaration(statement)) continue;
    const name = statement.name.text;
    const base = statement.heritageClauses?.[0]?.types[0]?.expression.getText();
    const fields = statement.members.map((member) => readField(ts, member, `${file}: ${name}`));
    shapes.set(name, { text: commentOf(ts, statement, `${file}: ${name}`), base, fields });
  }
  return shapes;
}

/**
 * @param {TypeScript} ts
 * @param {Member} member
 * @param {string} where
 * @returns {Field}
 */
function readField(ts, member, where) {
  if (!ts.isPropertySignature(member) || member.type === undefined) {
    throw new Error(`${where}: expected a property with its type, found ${member.getText()}`);
  }
  const name = ts.isStringLiteral(member.name) ? member.name.text : member.name.getText();
  return { name, type: member.type.getText(), text: commentOf(ts, member, `${where}.${name}`) };
}

/**
 * @param {TypeScript} ts
 * @param {Interface | Member} node
 * @param {string} where
 */
function commentOf(ts, node, where) {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment;
  const text = ts.getTextOfJSDocComment(comment)?.replace(/\s+/g, ' ').trim();
  if (!text) throw new Error(`${where}: expected a comment, found none`);
  return text.replaceAll('|', '\\|');
}
