import { inspect } from 'node:util';
import { TqError } from '../errors.js';
import type { JsonText } from '../protocol/canvas/json-text.js';
import { textOf } from '../protocol/canvas/wire-step.js';
import { derivedId } from '../protocol/derived-id.js';
import type { CallOptions } from './call.js';
import type { AnyCanvas, SignatureOptions } from './canvas.js';
import {
  type CanvasHost,
  endsInGroup,
  hostOf,
  nameOf,
  type Part,
  partOf,
  requirePart,
  type TaskPart,
} from './canvas-part.js';
import { canvasText } from './canvas-text.js';
import { NO_CALL_OPTIONS, overlay } from './merge-call.js';

/** Any kind of canvas as programs have it; its types say which of its methods there are. */
export class CanvasValue {
  /** No property of its own: whoever logs a canvas would log its app, and the URL of the broker in that. */
  readonly #part: Part;

  constructor(part: Part) {
    this.#part = part;
  }

  get '~canvas'(): Part {
    return this.#part;
  }

  toString(): string {
    return canvasText(this.#part);
  }

  [inspect.custom](): string {
    return canvasText(this.#part);
  }

  /** What it is. */
  get kind(): 'signature' | 'chain' | 'group' | 'chord' {
    const { kind } = this['~canvas'];
    return kind === 'task' ? 'signature' : kind;
  }

  /** The task's name of a signature. */
  get task(): string | undefined {
    const part = this['~canvas'];
    return part.kind === 'task' ? part.task : undefined;
  }

  /** How many steps or members it has. */
  get length(): number {
    return lengthOf(this['~canvas']);
  }

  delay(...previous: readonly unknown[]): unknown {
    return this.apply(previous);
  }

  apply(previous: readonly unknown[], options: CallOptions = NO_CALL_OPTIONS): unknown {
    const part = this['~canvas'];
    return requireHost(part).sendCanvas({ part, previous, options });
  }

  set(options: SignatureOptions): CanvasValue {
    const part = this['~canvas'];
    return new CanvasValue({ ...part, options: overlay(part.options, options) });
  }

  link(callback: AnyCanvas): CanvasValue {
    const part = this['~canvas'];
    if (endsInGroup(part)) {
      const text = `link: expected what ends in one task, found ${nameOf(part)} that ends in a group; to go on with the list of its results, put it into chain(…).`;
      throw new TqError('invalid-option', text);
    }
    return new CanvasValue({ ...part, link: [...part.link, requirePart(callback, 'link')] });
  }

  linkError(errback: unknown): CanvasValue {
    const part = this['~canvas'];
    return new CanvasValue({ ...part, linkError: [...part.linkError, errbackOf(errback)] });
  }
}

function lengthOf(part: Part): number {
  switch (part.kind) {
    case 'task':
      return 1;
    case 'chain':
      return part.steps.length;
    case 'group':
      return part.members.length;
    case 'chord':
      return part.header.members.length;
  }
}

function errbackOf(errback: unknown): TaskPart {
  const bind = (errback as { readonly s?: unknown } | null | undefined)?.s;
  const part = partOf(typeof bind === 'function' ? bind() : errback);
  if (part?.kind === 'task') return part;
  const found = part === undefined ? typeof errback : nameOf(part);
  const text = `linkError: expected a task or a signature, found ${found}; let a task of its own call the rest.`;
  throw new TqError('invalid-option', text);
}

/**
 * A canvas as the step that it is on the wire, with its ids fixed: the same canvas has the same ids for the same owner, so
 * that what is sent again after a crash is recognisable, and another canvas has others.
 * @param where names its place in an error's text
 * @param owner the run that it is for
 * @throws {TqError} what is wrong with it
 */
export function frozenText(canvas: AnyCanvas, where: string, owner: string): JsonText {
  const part = requirePart(canvas, where);
  const host = requireHost(part);
  const frozen = (newId: (index: number) => string) => {
    let count = 0;
    const order = { part, previous: [], options: NO_CALL_OPTIONS };
    return textOf(host.freezeCanvas(order, () => newId(count++)).root);
  };
  const seed = derivedId(`tq.replacement:${owner}/${frozen(String)}`);
  return frozen((index) => derivedId(`tq.replacement:${seed}/${index}`));
}

function requireHost(part: Part): CanvasHost {
  const host = hostOf(part);
  if (host !== undefined) return host;
  throw new TqError('invalid-option', 'canvas: expected one with a task in it, found none; there is nothing to send.');
}
