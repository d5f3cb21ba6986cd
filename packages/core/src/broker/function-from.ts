import { isRecord } from '../config/keys.js';
import { custom, invalid } from '../config/kinds.js';
import { refuseUnknownKeys } from '../options-check.js';
import type { FunctionFrom } from '../protocol/foreign-message.js';

/** Where plain messages name their function. */
export const FUNCTION_FROM = custom<FunctionFrom, { describe: string; defaultText: string }>(
  {
    describe:
      'Where messages of other programs name the plain task that they are for: `app_id`, `type`, or `{ header: … }`',
    defaultText: 'one task alone takes all; of several `app_id`, else `type`, else the header `task` names it',
  },
  { kind: 'record', range: '', read: String, check: checkFunctionFrom, print: (from) => JSON.stringify(from) },
);

function checkFunctionFrom(from: unknown, name: string): FunctionFrom {
  if (from === 'app_id' || from === 'type') return from;
  if (!isRecord(from)) throw invalid(name, "'app_id', 'type' or { header: … }", from);
  refuseUnknownKeys(from, ['header'], name);
  const { header } = from;
  if (typeof header !== 'string' || header === '') throw invalid(`${name}: header`, 'the name of a header', header);
  return { header };
}
