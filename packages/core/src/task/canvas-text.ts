import type { Part } from './canvas-part.js';

/** Members that a text names; of the others it says how many there are. */
const NAMED = 10;

/** What a canvas is, for logs: the names of its tasks, and no arguments, which may be secret. */
export function canvasText(part: Part): string {
  return part.kind === 'task' ? `Signature(${nameIn(part)})` : nameIn(part);
}

function nameIn(part: Part): string {
  switch (part.kind) {
    case 'task':
      return part.runs === undefined ? part.task : `${part.task} of ${part.runs}`;
    case 'chain':
      return `Chain(${namesIn(part.steps)})`;
    case 'group':
      return `Group(${namesIn(part.members)})`;
    case 'chord':
      return `Chord(${nameIn(part.header)}, ${nameIn(part.body)})`;
  }
}

function namesIn(parts: readonly Part[]): string {
  const names = parts.slice(0, NAMED).map(nameIn);
  const others = parts.length - names.length;
  return (others > 0 ? [...names, `… ${others} more`] : names).join(', ');
}
